"""Counters and histograms that cost a request an addition; Prometheus' types are made at a scrape.

Only the event loop's thread uses them, so there are no locks.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Final, Generic, TypeVar

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

# The label of an exemplar; only the OpenMetrics format has them.
REQUEST_ID: Final = "request_id"
Bucket = tuple[str, float] | tuple[str, float, Exemplar]
Child = TypeVar("Child")


class Count:
    """One counter; its users add to its value."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class Spread:
    """One histogram: the number of values up to each bound, their sum, and an example for each bound."""

    __slots__ = ("bounds", "counts", "examples", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        # One more than bounds: the last bucket is open.
        self.counts = [0] * (len(self.bounds) + 1)
        self.examples: list[tuple[str, float] | None] = [None] * len(self.counts)
        self.total = 0.0

    def observe(self, value: float, request_id: str | None = None) -> None:
        """Add one value, with the request id for an exemplar."""
        number = bisect_left(self.bounds, value)
        self.counts[number] += 1
        self.total += value
        if request_id is not None:
            self.examples[number] = (request_id, value)

    def add(self, counts: Sequence[int], total: float) -> None:
        """Add many values at once: the counts of all buckets, and their sum."""
        self.counts = [former + more for former, more in zip(self.counts, counts, strict=True)]
        self.total += total


class _Family(Collector, Generic[Child]):
    """The children of one metric, by the values of its labels."""

    def __init__(self, name: str, text: str, labels: Sequence[str], make: Callable[[], Child]) -> None:
        self._about = (name, text)
        self._labels = tuple(labels)
        self._make = make
        self._children: dict[tuple[str, ...], Child] = {}

    def labels(self, *values: str) -> Child:
        """The child for these values, created when first needed."""
        child = self._children.get(values)
        if child is None:
            child = self._children[values] = self._make()
        return child


class Counters(_Family[Count]):
    """A counter metric; its name is given without `_total`."""

    def __init__(self, name: str, text: str, labels: Sequence[str]) -> None:
        super().__init__(name, text, labels, Count)

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(*self._about, labels=self._labels)
        for values, counts in self._children.items():
            family.add_metric(values, counts.value)
        yield family


class Histograms(_Family[Spread]):
    """A histogram metric with cumulative buckets, as Prometheus requires."""

    def __init__(self, name: str, text: str, labels: Sequence[str], bounds: Sequence[float]) -> None:
        super().__init__(name, text, labels, lambda: Spread(bounds))
        self._limits = [*(str(float(bound)) for bound in bounds), "+Inf"]

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(*self._about, labels=self._labels)
        for values, spread in self._children.items():
            counted = zip(self._limits, accumulate(spread.counts), spread.examples, strict=True)
            family.add_metric(values, [_bucket(*bucket) for bucket in counted], spread.total)
        yield family


def _bucket(limit: str, count: int, example: tuple[str, float] | None) -> Bucket:
    # OpenMetrics allows 128 characters for the name and the value of an exemplar's labels.
    if example is None or len(example[0]) > 128 - len(REQUEST_ID):
        return (limit, count)
    return (limit, count, Exemplar({REQUEST_ID: example[0]}, example[1]))
