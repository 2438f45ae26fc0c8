"""Our counters and histograms against Prometheus' own: the same text for the same values."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from iris_model_server.telemetry.counters import Counters, Histograms
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

BOUNDS = (0.4, 0.5, 1, 2.5)
LABELS = st.sampled_from(["a", 'quote"', "new\nline"])
VALUES = st.lists(st.tuples(LABELS, st.one_of(st.sampled_from(BOUNDS), st.floats(0, 1e6))))


def lines(registry: CollectorRegistry) -> list[str]:
    """Without the moments of making, which ours do not have."""
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


@given(VALUES)
def test_a_histogram_reads_as_prometheus_own(observed: Sequence[tuple[str, float]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    ours.register(mine := Histograms("seconds", "Some text.", ["name"], BOUNDS))
    reference = Histogram("seconds", "Some text.", ["name"], buckets=BOUNDS, registry=theirs)

    for label, value in observed:
        mine.labels(label).observe(value)
        reference.labels(label).observe(value)

    assert lines(ours) == lines(theirs)


@given(VALUES)
def test_a_counter_reads_as_prometheus_own(observed: Sequence[tuple[str, float]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    ours.register(mine := Counters("calls", "Some text.", ["name"]))
    reference = Counter("calls", "Some text.", ["name"], registry=theirs)

    for label, value in observed:
        mine.labels(label).value += int(value)
        reference.labels(label).inc(int(value))

    assert lines(ours) == lines(theirs)
