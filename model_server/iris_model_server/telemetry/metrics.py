"""Defines every Prometheus metric. Names and labels are a contract with dashboards and alerts.

The children of labels are bound once, when a model is loaded or a route is first used, so that a request
costs an addition and no lookup by label.
"""

import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder

from iris_model_server.model.artifact import Artifact
from iris_model_server.model.predictions import CONFIDENCE, Counts, Edges, Predictions
from iris_model_server.schemas import Numbers
from iris_model_server.telemetry.counters import Count, Counters, Histograms
from iris_model_server.telemetry.drift import FeatureCollector

SECONDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
# Any other method is counted as OTHER: a client must not create series.
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
MODEL: Final = ("model", "version")
ANSWERS: Final = (
    "Answers. Route: the template, or unmatched; a method that is not known is OTHER; status 499: the"
    " client closed the connection first."
)
# Counting fewer costs less than keeping them; counting the most takes half a millisecond.
FEW_ROWS: Final = 16
MOST_UNCOUNTED_ROWS: Final = 4096


@dataclass(frozen=True, slots=True)
class Totals:
    """Requests, rows and seconds in the model, and when the last prediction was (seconds since 1970)."""

    success: int
    failed: int
    rows: int
    seconds: float
    last: float | None


class ModelMetrics:
    """The children of one model version, bound."""

    def __init__(self, metrics: "Metrics", name: str, artifact: Artifact) -> None:
        card = artifact.card
        self._requests = {
            status: metrics.inference_requests.labels(name, card.version, status)
            for status in ("success", "invalid", "error")
        }
        self._success = self._requests["success"]
        self._seconds = metrics.inference_seconds.labels(name, card.version)
        self._confidence = metrics.confidence.labels(name, card.version)
        self._classes = [metrics.distribution.labels(name, card.version, label) for label in card.classes]
        self._features = [
            metrics.features.bound(name, card.version, feature, (card.distributions or {}).get(feature.name))
            for feature in card.features
        ]
        self.edges: Edges = [counts.edges for counts in self._features]
        # Counted when there are many, or at a scrape: together they cost a fraction.
        self._uncounted: list[Predictions] = []
        self._uncounted_rows = 0
        self._unsettled = metrics.unsettled
        # When the last prediction ended (time.perf_counter).
        self._last: float | None = None

    def totals(self) -> Totals:
        """What has been counted so far."""
        self.settle()
        return Totals(
            success=self._success.value,
            failed=self._requests["invalid"].value + self._requests["error"].value,
            rows=sum(count.value for count in self._classes),
            seconds=self._seconds.total,
            last=None if self._last is None else time.time() - (time.perf_counter() - self._last),
        )

    def count(self, status: str) -> None:
        self._requests[status].value += 1

    def observe_one(
        self, row: Numbers, index: int, probability: float, start: float, end: float
    ) -> Sequence[str]:
        """Count one call with one row: the same as both methods below, without their loops.

        `start` and `end` are of `time.perf_counter`. Returns the features whose value is outside the training
        range.
        """
        self._success.value += 1
        self._last = end
        self._seconds.observe(end - start)
        self._classes[index].value += 1
        self._confidence.observe(probability)
        outside: tuple[str, ...] = ()
        for value, feature in zip(row, self._features, strict=True):
            cell = bisect_left(feature.edges, value)
            feature.counts[cell] += 1
            # The cells below and above the range.
            if not cell or cell == feature.last:
                outside = (*outside, feature.name)
        return outside

    def observe_call(self, seconds: float) -> None:
        """Count one successful call of the model; its rows are counted separately."""
        self._success.value += 1
        self._last = time.perf_counter()
        self._seconds.observe(seconds)

    def observe_predictions(self, predictions: Predictions) -> None:
        """Count the rows of a request that is not large."""
        rows = len(predictions)
        if rows < FEW_ROWS:
            self.observe_counts(predictions.counts(self.edges))
            return
        self._uncounted.append(predictions)
        self._uncounted_rows += rows
        if self._uncounted_rows > MOST_UNCOUNTED_ROWS:
            self.settle()
        else:
            self._unsettled.add(self)

    def settle(self) -> None:
        """Count the postponed rows."""
        several, self._uncounted, self._uncounted_rows = self._uncounted, [], 0
        self._unsettled.discard(self)
        for _, group in groupby(several, type):
            first, *more = group
            together = first.joined([first, *more]) if more else first
            self.observe_counts(together.counts(self.edges))

    def observe_counts(self, counts: Counts) -> None:
        for counter, count in zip(self._classes, counts.classes, strict=True):
            counter.value += count
        self._confidence.add(counts.confidence, counts.confidence_sum)
        for feature, cells in zip(self._features, counts.cells, strict=True):
            feature.add(cells)


class RouteMetrics:
    """The children of one method and route, bound."""

    def __init__(self, metrics: "Metrics", method: str, route: str) -> None:
        self._requests = metrics.http_requests
        self._labels = (method, route)
        self._seconds = metrics.http_seconds.labels(method, route)
        self._by_status: dict[int, Count] = {}

    def observe(self, status: int, seconds: float, request_id: str | None = None) -> None:
        counter = self._by_status.get(status)
        if counter is None:
            counter = self._by_status[status] = self._requests.labels(*self._labels, str(status))
        counter.value += 1
        self._seconds.observe(seconds, request_id)


class Metrics:
    """Every metric of one server, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        route = ("method", "route")
        self.http_requests = self._counter("http_requests", ANSWERS, *route, "http_status")
        self.http_seconds = self._histogram(
            "http_request_duration_seconds",
            "From request line to last byte.",
            SECONDS,
            *route,
        )
        # Read at a scrape, so that a request costs an addition only.
        self.in_flight = 0
        Gauge("http_requests_in_flight", "Requests being answered.", registry=self._registry).set_function(
            lambda: self.in_flight
        )
        self.inference_requests = self._counter(
            "inference_requests",
            "Calls of the model; status: success, invalid (refused input) or error.",
            *MODEL,
            "status",
        )
        self.inference_seconds = self._histogram(
            "inference_duration_seconds", "Time in the model alone.", SECONDS, *MODEL
        )
        self.distribution = self._counter(
            "prediction_distribution", "Rows by predicted class.", *MODEL, "prediction_label"
        )
        self.confidence = self._histogram(
            "prediction_confidence", "The largest probability of each row.", CONFIDENCE, *MODEL
        )
        self.features = FeatureCollector()
        self._registry.register(self.features)
        self.model_info = Gauge(
            "model_info", "1 for the model that serves.", (*MODEL, "digest"), registry=self._registry
        )
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self.unsettled: set[ModelMetrics] = set()
        self._routes: dict[tuple[str, str], RouteMetrics] = {}

    def _counter(self, name: str, text: str, *labels: str) -> Counters:
        made = Counters(name, text, labels)
        self._registry.register(made)
        return made

    def _histogram(self, name: str, text: str, buckets: Sequence[float], *labels: str) -> Histograms:
        made = Histograms(name, text, labels, buckets)
        self._registry.register(made)
        return made

    def of_clients(self) -> Counters:
        """Only where clients have keys."""
        text = (
            "Requests by the client whose key they have; outcome: granted, expired, over_rate or refused (no"
            " key, or nobody's)."
        )
        return self._counter("client_requests", text, "client", "outcome")

    def bind(self, name: str, artifact: Artifact) -> ModelMetrics:
        """The children of the model that serves from now on; model_info shows only this model."""
        bound = ModelMetrics(self, name, artifact)
        self.model_info.clear()
        self.model_info.labels(name, artifact.card.version, artifact.digest).set(1)
        return bound

    def route(self, method: str, route: str) -> RouteMetrics:
        """`route` is a template from our own table, never a path from a client."""
        key = (method if method in METHODS else "OTHER", route)
        bound = self._routes.get(key)
        if bound is None:
            bound = self._routes[key] = RouteMetrics(self, *key)
        return bound

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """The text for a scrape and its content type."""
        for bound in list(self.unsettled):
            bound.settle()
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type
