"""Figures of the operator's benchmark: which run they speak of, and when a goal is missed."""

import pytest

from benchmarks import operator_figures
from benchmarks.operator_figures import Figure
from benchmarks.operator_runs import Run

EVERY = (
    "start_up_s", "applied_s", "applied_cpu_ms", "create_burst_s", "writes_per_new_object",
    "passes_per_new_object", "version_change_s", "rest_writes", "rest_calls_per_object", "rest_cpu_share",
    "memory_mb", "rest_memory_mb_per_minute", "failover_kill_s", "failover_term_s", "cpu_ms_per_object",
    "iris_get_s", "kubectl_get_s", "rollout_s", "rollout_cpu_ms", "rollout_writes", "rollout_memory_times",
)  # fmt: skip


def run(models: int, **figures: float) -> Run:
    """A run in which everything cost 1, unless named."""
    samples = {"event_to_write_s": [0.01] * 99 + [0.2], "child_repair_s": [0.02]}
    return Run(models, {**dict.fromkeys(EVERY, 1.0), **figures}, samples)


def figures_of(*runs: Run, flux: Run | None = None) -> dict[str, Figure]:
    return {figure.name: figure for figure in operator_figures.of(runs, flux)}


@pytest.mark.parametrize(("share", "value"), [(0.5, 2), (0.99, 4), (0.0, 1), (1.0, 4)])
def test_a_percentile_is_a_sample_that_so_many_do_not_exceed(share: float, value: float) -> None:
    assert operator_figures.percentile([4, 1, 3, 2], share) == value


def test_figures_are_those_of_the_largest_run() -> None:
    figures = figures_of(run(100, start_up_s=1.0), run(1000, start_up_s=9.0))

    assert figures["start_up_s"].value == 9.0
    assert figures["models"].value == 1000


def test_a_goal_is_missed_on_its_own_side() -> None:
    assert Figure("start_up_s", 10.1, "s", 10).met is False
    assert Figure("times_flux_cpu", 19.9, "times", 20, at_least=True).met is False
    assert Figure("times_flux_cpu", 20.0, "times", 20, at_least=True).met is True
    assert Figure("version_change_s", 1e9, "s").met is None


def test_growth_compares_the_cost_of_one_object_in_two_sizes() -> None:
    figures = figures_of(run(1), run(100, cpu_ms_per_object=10), run(1000, cpu_ms_per_object=14))

    assert figures["growth"].value == pytest.approx(1.4)
    assert figures["growth"].met is False
    assert "growth" not in figures_of(run(1), run(1000))


def test_flux_is_compared_with_our_run_of_the_same_size() -> None:
    beside = {"flux_s": 60.0, "flux_cpu_ms_per_object": 300.0, "flux_memory_mb": 160.0, "limit_s": 3.0}
    flux = Run(100, beside)

    figures = figures_of(run(100, applied_s=4.0, applied_cpu_ms=10.0), run(1000), flux=flux)

    assert (figures["times_flux_rate"].value, figures["times_flux_cpu"].value) == (15.0, 30.0)
    assert figures["times_limit"].value == 0.75
