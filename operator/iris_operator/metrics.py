"""What the operator counts, under controller-runtime's names so that existing dashboards work."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_CONTROLLER: Final = "irismodel"
_QUEUE: Final = "irismodel"

_reconciles = Counter("controller_runtime_reconcile", "Passes by result.", ["controller", "result"])
_reconcile_errors = Counter(
    "controller_runtime_reconcile_errors", "Passes that failed and are tried again.", ["controller"]
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
_requests = Counter("rest_client_requests", "Answers of the API server.", ["method", "code"])
_leader = Gauge("leader_election_master_status", "1 while this process may write.", ["name"]).labels(
    "iris-operator"
)


def pass_finished(result: str, seconds: float) -> None:
    """`result` is success, requeue_after or error."""
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
