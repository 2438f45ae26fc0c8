"""Counts a feature's values outside the training range, and in each tenth of the training data.

One search in a short list finds both, so that every value costs the same; a scrape makes buckets and counts
of it. Only the event loop's thread uses it, so there are no locks.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from math import inf, nextafter

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from iris_model_server.model.card import Distribution
from iris_model_server.schemas import FeatureInfo


def edges_of(feature: FeatureInfo, distribution: Distribution | None) -> tuple[float, ...]:
    """The edges of the cells: below the training range, each tenth of it, above it."""
    tenths = distribution.edges if distribution else ()
    # A cell holds its upper edge, and the minimum itself is inside the range.
    return (nextafter(feature.minimum, -inf), *tenths, feature.maximum)


class FeatureCounts:
    """How many values of one feature fell into each cell."""

    __slots__ = ("counts", "edges", "last", "name", "shares")

    def __init__(self, name: str, edges: Sequence[float], shares: Sequence[float]) -> None:
        self.name = name
        self.edges = edges
        # The cell above the training range; that below it is 0.
        self.last = len(edges)
        # The share of the training data in each bucket; empty for a card without it.
        self.shares = shares
        self.counts = [0] * (len(edges) + 1)

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.edges, value)] += 1

    def add(self, counts: Sequence[int]) -> None:
        self.counts = [former + more for former, more in zip(self.counts, counts, strict=True)]

    @property
    def outside(self) -> int:
        return self.counts[0] + self.counts[-1]

    @property
    def buckets(self) -> list[int]:
        """The counts per bucket; the first and the last are open and include values outside the range."""
        below, *inside, above = self.counts
        inside[0] += below
        inside[-1] += above
        return inside


class FeatureCollector(Collector):
    """The metrics of all features, by model, version and feature."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, str], FeatureCounts] = {}

    def bound(
        self, model: str, version: str, feature: FeatureInfo, distribution: Distribution | None
    ) -> FeatureCounts:
        """The counts of this feature; another model with the same version starts from zero."""
        shares = distribution.shares if distribution else ()
        made = FeatureCounts(feature.name, edges_of(feature, distribution), shares)
        former = self._counts.get((model, version, feature.name))
        if former is not None and (former.edges, former.shares) == (made.edges, made.shares):
            return former
        self._counts[(model, version, feature.name)] = made
        return made

    def collect(self) -> Iterator[Metric]:
        labels = ("model", "version", "feature")
        outside = CounterMetricFamily(
            "feature_out_of_range", "Rows whose value is outside the training range.", labels=labels
        )
        counted = CounterMetricFamily(
            "feature_bucket",
            "Rows by tenth of the training data; ties make fewer, first and last are open.",
            labels=(*labels, "bucket"),
        )
        expected = GaugeMetricFamily(
            "feature_bucket_training_share",
            "The share of the training data in each bucket, never 0; drift is the sum of"
            " (now - share) * ln(now / share).",
            labels=(*labels, "bucket"),
        )
        for values, counts in self._counts.items():
            outside.add_metric(values, counts.outside)
            for number, (count, share) in enumerate(zip(counts.buckets, counts.shares, strict=False)):
                counted.add_metric((*values, str(number)), count)
                expected.add_metric((*values, str(number)), share)
        yield from (outside, counted, expected)
