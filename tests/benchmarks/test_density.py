"""What containers used, from the kubelet's own words."""

from benchmarks import density

CONTAINER = ("density", "server", "iris-1")


def usage(cpu: float, memory: int, at: int, *, container: str = "server", namespace: str = "density") -> str:
    labels = f'{{container="{container}",namespace="{namespace}",pod="iris-1"}}'
    return (
        "# TYPE container_cpu_usage_seconds_total counter\n"
        f"container_cpu_usage_seconds_total{labels} {cpu} {at}\n"
        f"container_memory_working_set_bytes{labels} {memory:.8e} {at}\n"
        f'pod_cpu_usage_seconds_total{{namespace="{namespace}",pod="iris-1"}} 99 {at}\n'
    )


def test_density_reads_what_each_container_used_and_when() -> None:
    found = density.used(usage(1.5, 50_000_000, 20_000))

    assert found == {CONTAINER: density.Used(cpu_seconds=1.5, memory_bytes=50_000_000, at=20.0)}


def test_a_cost_is_the_growth_between_two_looks_of_the_kubelet() -> None:
    before, after = density.used(usage(1.5, 1, 20_000)), density.used(usage(1.8, 52_428_800, 80_000))

    [(cpu, memory)] = density.costs(before, after, ("density", "server"))

    assert (round(cpu, 6), memory) == (5.0, 50.0)


def test_density_counts_only_the_containers_that_were_asked_for_and_were_there_before() -> None:
    before = density.used(usage(1.0, 1, 20_000) + usage(1.0, 1, 20_000, namespace="iris"))
    after = density.used(usage(2.0, 1, 30_000, namespace="iris") + usage(1.0, 1, 30_000, container="other"))

    assert density.costs(before, after, ("density", "server")) == []


def test_what_the_kubelet_has_not_looked_at_again_is_left_out() -> None:
    once = density.used(usage(1.0, 1, 20_000))

    assert density.costs(once, once, ("density", "server")) == []
