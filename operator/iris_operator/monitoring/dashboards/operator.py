"""The dashboard of the operator and of Flux, whose metrics share their names."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard

from iris_operator.monitoring.dashboards import panels, queries, tones
from iris_operator.monitoring.dashboards.queries import rate

UID: Final = "iris-operator"
_OURS: Final = 'controller="irismodel"'
_QUEUE: Final = 'name="irismodel"'
_LEADER: Final = 'leader_election_master_status{name="iris-operator"}'
_FLUX: Final = 'namespace="flux-system"'


def build() -> str:
    board = panels.board("Iris Operator and Flux", UID)
    _operator(board)
    _work(board)
    _queue(board)
    _flux(board)
    return panels.text(board)


def _operator(board: dashboard.Dashboard) -> None:
    board.with_row(dashboard.Row("Operator"))
    led = panels.tile("Leaders", f"sum({_LEADER})", span=4).description(
        "Always one; none for some seconds while it changes."
    )
    board.with_panel(panels.judged(led, (None, tones.RED), (1, tones.GREEN), (2, tones.RED)))
    models = "count(count by (model_namespace, model) (irismodel_info))"
    board.with_panel(panels.tile("Models", models, span=4))
    resynced = "time() - max(iris_operator_sweep_timestamp_seconds)"
    board.with_panel(panels.tile("Last good resync", resynced, span=4).unit("s"))
    # The standby replica queues names, too, for its takeover.
    waiting = f"sum(workqueue_depth{{{_QUEUE}}} * on (namespace, pod) {_LEADER})"
    board.with_panel(panels.tile("Waiting", waiting, span=4))
    oldest = f"max(workqueue_longest_running_processor_seconds{{{_QUEUE}}})"
    board.with_panel(panels.tile("Longest running pass", oldest, span=4).unit("s"))
    processes = "count(iris_operator_sweep_timestamp_seconds)"
    board.with_panel(panels.tile("Replicas", processes, span=4))


def _work(board: dashboard.Dashboard) -> None:
    passes = rate("controller_runtime_reconcile_total", _OURS, "result")
    board.with_panel(panels.graph("Passes", (passes, "{{result}}"), unit="ops"))
    seconds = "controller_runtime_reconcile_time_seconds"
    slow, usual = (queries.quantile(part, seconds, _OURS) for part in (0.99, 0.5))
    board.with_panel(panels.graph("Time of a pass", (slow, "p99"), (usual, "p50"), unit="s"))
    answers = (
        f'sum by (method, code) (rate(rest_client_requests_total{{namespace="iris-system"}}{queries.RATE}))'
    )
    board.with_panel(
        panels.graph("Answers of the API server", (answers, "{{method}} {{code}}"), unit="reqps")
    )
    busiest = f"topk(10, {rate('irismodel_writes_total', '', 'model_namespace', 'model')})"
    board.with_panel(
        panels.graph("Writes, busiest ten models", (busiest, "{{model_namespace}}/{{model}}"), unit="wps")
    )
    corrections = rate("iris_operator_sweep_corrections_total", "", "kind")
    board.with_panel(
        panels.graph("Repairs found by the resync", (corrections, "{{kind}}"), unit="ops").description(
            "Differences that no watch had reported; often: watches are stale."
        )
    )
    conditions = (
        "count by (type, reason) (max by (model_namespace, model, type, reason) (irismodel_condition) == 1)"
    )
    by_condition = panels.graph("Models by condition", (conditions, "{{type}} {{reason}}"))
    board.with_panel(panels.toned(by_condition))


def _queue(board: dashboard.Dashboard) -> None:
    board.with_row(dashboard.Row("Queue"))
    added, retried = (rate(f"workqueue_{each}_total", _QUEUE) for each in ("adds", "retries"))
    board.with_panel(panels.graph("Added", (added, "added"), (retried, "tried again"), unit="ops"))
    waited = queries.quantile(0.99, "workqueue_queue_duration_seconds", _QUEUE)
    board.with_panel(panels.graph("Waited, p99", (waited, "p99"), unit="s"))
    unfinished = f"sum(workqueue_unfinished_work_seconds{{{_QUEUE}}})"
    board.with_panel(panels.graph("Unfinished work", (unfinished, "seconds in passes under way"), unit="s"))


def _flux(board: dashboard.Dashboard) -> None:
    board.with_row(dashboard.Row("Flux"))
    passes = rate("controller_runtime_reconcile_total", _FLUX, "controller", "result")
    board.with_panel(panels.graph("Passes", (passes, "{{controller}} {{result}}"), unit="ops"))
    slow = queries.quantile(0.99, "controller_runtime_reconcile_time_seconds", _FLUX, "controller")
    board.with_panel(panels.graph("Time of a pass, p99", (slow, "{{controller}}"), unit="s"))
    waiting = f"sum by (controller) (workqueue_depth{{{_FLUX}}})"
    board.with_panel(panels.graph("Waiting", (waiting, "{{controller}}")))
