"""The operator's metrics, under controller-runtime's names so that existing dashboards work."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from iris_api import sources
from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from iris_operator import rollout_metrics

_CONTROLLER: Final = "irismodel"
_QUEUE: Final = "irismodel"

_reconciles = Counter(
    "controller_runtime_reconcile",
    "Passes; result: success, requeue_after or error.",
    ["controller", "result"],
)
_reconcile_errors = Counter(
    "controller_runtime_reconcile_errors", "Failed passes, which are retried.", ["controller"]
).labels(_CONTROLLER)
_reconcile_seconds = Histogram(
    "controller_runtime_reconcile_time_seconds", "Time of one pass.", ["controller"]
).labels(_CONTROLLER)
_depth = Gauge("workqueue_depth", "Names waiting.", ["name"]).labels(_QUEUE)
_adds = Counter("workqueue_adds", "Names added.", ["name"]).labels(_QUEUE)
_retries = Counter("workqueue_retries", "Names added again after an error.", ["name"]).labels(_QUEUE)
_queue_seconds = Histogram("workqueue_queue_duration_seconds", "Time from added to taken.", ["name"]).labels(
    _QUEUE
)
_unfinished = Gauge(
    "workqueue_unfinished_work_seconds", "Seconds of all passes under way, together.", ["name"]
)
_longest = Gauge(
    "workqueue_longest_running_processor_seconds", "Seconds of the longest pass under way.", ["name"]
)
_requests = Counter(
    "rest_client_requests", "Answers of the API server; code <error> when none came.", ["method", "code"]
)
_leader = Gauge("leader_election_master_status", "1 while this replica may write.", ["name"]).labels(
    "iris-operator"
)
_MODEL: Final = ("model_namespace", "model")  # Prometheus sets `namespace` to that of our own pods
_writes = Counter(
    "irismodel_writes", "Attempted writes of children and status; none for a model at rest.", _MODEL
)
_resynced = Gauge("iris_operator_sweep_timestamp_seconds", "When the last successful resync ended.")
_corrections = Counter(
    "iris_operator_sweep_corrections", "Models whose change a resync found before any watch did.", ["kind"]
)


def pass_finished(result: str, seconds: float) -> None:
    """Count a pass; `result` is success, requeue_after or error."""
    _reconciles.labels(_CONTROLLER, result).inc()
    _reconcile_seconds.observe(seconds)
    if result == "error":
        _reconcile_errors.inc()


def api_answer(method: str, code: str) -> None:
    _requests.labels(method, code).inc()


def queue_added(depth: int) -> None:
    _adds.inc()
    _depth.set(depth)


def queue_taken(depth: int, waited_seconds: float) -> None:
    _depth.set(depth)
    _queue_seconds.observe(waited_seconds)


def queue_retried() -> None:
    _retries.inc()


def leading(yes: bool) -> None:
    _leader.set(1 if yes else 0)


def queue_in_work(ages: Callable[[], Sequence[float]]) -> None:
    """`ages` returns the seconds that each pass has been running."""
    _unfinished.labels(_QUEUE).set_function(lambda: sum(ages()))
    _longest.labels(_QUEUE).set_function(lambda: max(ages(), default=0.0))


def wrote(namespace: str, model: str) -> None:
    """Count an attempted write of this model's children or status; none happens at rest."""
    _writes.labels(namespace, model).inc()


def gone(namespace: str, model: str) -> None:
    """Remove the series of a deleted model."""
    _writes.remove(namespace, model)
    rollout_metrics.gone(namespace, model)


def resynced(corrections: Mapping[str, int]) -> None:
    """Record the end of a successful resync; `corrections` by plural of the kind."""
    _resynced.set_to_current_time()
    for kind, count in corrections.items():
        _corrections.labels(kind).inc(count)


class _Models(Collector):
    """Series computed from the bodies of all IrisModels at each scrape."""

    read: Callable[[], Iterable[Mapping[str, Any]]] = staticmethod(lambda: ())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        labels = (*_MODEL, "declared", "serving", "revision")
        info = GaugeMetricFamily(
            "irismodel_info",
            "1 for every IrisModel with a status, from the replica that writes.",
            labels=labels,
        )
        condition = GaugeMetricFamily(
            "irismodel_condition",
            "1 when the condition is True, else 0; from the replica that writes.",
            labels=(*_MODEL, "type", "reason"),
        )
        of_rollouts = rollout_metrics.Families()
        for body in self.read():
            model = body["metadata"]["namespace"], body["metadata"]["name"]
            status = body.get("status") or {}
            # All three from the status, which is written at once: the spec may already be a newer one, whose
            # revision is not read yet.
            source = status.get("source") or {}
            history = () if sources.is_half_known(source) else status.get("history") or ()
            for newest in history[:1]:
                revision = source.get("revision") or ""
                info.add_metric([*model, newest["version"], status.get("servingVersion", ""), revision], 1)
            for row in status.get("conditions") or ():
                condition.add_metric([*model, row["type"], row["reason"]], float(row["status"] == "True"))
            of_rollouts.add(body)
        yield from (info, condition, *of_rollouts)


_models = _Models()
REGISTRY.register(_models)


def models(read: Callable[[], Iterable[Mapping[str, Any]]]) -> None:
    """Export all IrisModels; `read` returns their newest bodies."""
    _models.read = read
