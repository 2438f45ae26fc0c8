"""The dashboard of one IrisModel: what serves, how it answers, what it predicts and costs, what changed."""

import functools
import hashlib
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from iris_operator.model.objectives import Objectives
from iris_operator.monitoring.dashboards import panels, queries, tones
from iris_operator.monitoring.dashboards.queries import rate, share

_FAILED: Final = 'http_status=~"5.."'
_FEATURE: Final = ("version", "feature")
_DRIFT_LOOK, _DRIFT_ALARM = 0.1, 0.25
_WINDOW: Final = "$drift_window"
# The CPU time of fewer requests is less than that of the probes and scrapes of a pod at rest.
_FEWEST_PER_SECOND: Final = 1
# No name in Kubernetes contains an @.
_NAMESPACE, _NAME, _UID = "@namespace@", "@name@", "@uid@"
# The end of the name of a candidate's objects. During a rollout, both versions answer clients.
_TRACKS: Final = "(-canary)?"


@dataclass(frozen=True, slots=True)
class _Selectors:
    """The selectors of one model, in the labels of each exporter."""

    server: str  # the whole server: the Services of the model and of its candidate
    http: str  # its requests
    model: str  # the server's model
    operator: str
    container: str  # the kubelet


def uid(namespace: str, name: str) -> str:
    """A permanent uid, unique across namespaces, within Grafana's 40 characters."""
    return "iris-" + hashlib.sha256(f"{namespace}/{name}".encode()).hexdigest()[:24]


def build(namespace: str, name: str, objectives: Objectives) -> str:
    """The dashboard. Those of models with the same objectives differ only in names."""
    names = {_UID: uid(namespace, name), _NAMESPACE: namespace, _NAME: name}
    text = template(objectives)
    for placeholder, word in names.items():
        text = text.replace(placeholder, word)
    return text


@functools.lru_cache(maxsize=64)
def template(objectives: Objectives) -> str:
    """The JSON text, cached: building one takes ten times as long as all other children of a model."""
    namespace, name = _NAMESPACE, _NAME
    server = f'namespace="{namespace}",service=~"{name}{_TRACKS}"'
    of = _Selectors(
        server=server,
        http=f"{server},{queries.ASKED}",
        model=f'namespace="{namespace}",model="{name}"',
        operator=f'model_namespace="{namespace}",model="{name}"',
        container=f'namespace="{namespace}",pod=~"{name}{_TRACKS}-[a-z0-9]+-[a-z0-9]{{5}}",container="server"',
    )
    board = panels.board(f"Iris Model Serving / {namespace}/{name}", _UID)
    board.with_variable(_drift_window())
    _overview(board, of, objectives)
    _requests(board, of, objectives)
    _predictions(board, of)
    _resources(board, of)
    _rollout(board, of)
    return panels.text(board)


def _drift_window() -> dashboard.CustomVariable:
    usual = models.VariableOption(text="1h", value="1h", selected=True)
    return (
        dashboard.CustomVariable("drift_window").label("Drift over").values("5m,15m,1h,6h,1d").current(usual)
    )


def _overview(board: dashboard.Dashboard, of: _Selectors, objectives: Objectives) -> None:
    board.with_row(dashboard.Row("Overview"))
    info = f"(irismodel_info{{{of.operator}}})"
    ready = f'max by (reason) (irismodel_condition{{{of.operator},type="Ready"}})'
    board.with_panel(panels.word("Declared version", f"max by (declared) {info}", "declared"))
    board.with_panel(
        panels.word(
            "Serving version", f"count by (version) (model_info{{{of.model}}})", "version"
        ).description("Versions that pods answer with: two while one rolls out.")
    )
    # Between both values while the operator still works on it.
    waits = f'0.5 * max (irismodel_condition{{{of.operator},type="Reconciling"}})'
    ready = f"{ready} + on () group_left () {waits} or {ready}"
    board.with_panel(
        panels.judged(
            panels.word("Ready", ready, "reason"), (None, tones.RED), (0.5, tones.YELLOW), (1, tones.GREEN)
        ).description(
            "The reason of the condition Ready: green while it is True, yellow while a change is under way."
        )
    )
    board.with_panel(panels.tile("Pods serving", f"count(model_info{{{of.model}}})"))
    failed, all_of = rate("http_requests_total", f"{of.http},{_FAILED}"), rate("http_requests_total", of.http)
    board.with_panel(panels.tile("Requests", all_of).unit("reqps"))
    board.with_panel(
        panels.tile("Errors", share(failed, all_of))
        .unit("percentunit")
        .description("Share of requests that the server answered with 5xx.")
    )
    availability = f"{objectives.availability_per_mille / 10:g} %"
    board.with_panel(
        panels.judged(
            panels.tile("Error budget left", _budget_left(of, objectives)).unit("percentunit"),
            (None, tones.RED),
            (0, tones.YELLOW),
            (0.25, tones.GREEN),
        ).description(f"Of what {availability} availability allows over 30 days. Below zero: missed.")
    )
    # As people write it: main@0123456.
    short = f'label_replace({info}, "revision", "$1@$2", "revision", "(.*)@sha1:(.......).*")'
    board.with_panel(panels.word("Git revision", f"max by (revision) ({short})", "revision"))


def _budget_left(of: _Selectors, objectives: Objectives) -> str:
    failed = f"sum(increase(http_requests_total{{{of.http},{_FAILED}}}[30d]))"
    all_of = f"sum(increase(http_requests_total{{{of.http}}}[30d]))"
    return f"1 - ({share(failed, all_of)}) * 1000 / {1000 - objectives.availability_per_mille}"


def _requests(board: dashboard.Dashboard, of: _Selectors, objectives: Objectives) -> None:
    board.with_row(dashboard.Row("Requests"))
    requests, seconds = "http_requests_total", "http_request_duration_seconds"
    by_status = (rate(requests, of.http, "route", "http_status"), "{{route}} {{http_status}}")
    board.with_panel(panels.graph("Requests by route and status", by_status, unit="reqps"))
    by_version = f"sum by (version) ({_versioned(requests, of)})"
    board.with_panel(panels.graph("Requests by version", (by_version, "{{version}}"), unit="reqps"))
    # The scrape that reads a pod's number is one of its requests.
    in_flight = f"sum(http_requests_in_flight{{{of.server}}} - 1)"
    board.with_panel(panels.graph("In flight", (in_flight, "in flight")))
    failed = rate(requests, f"{of.http},{_FAILED}", "route")
    by_route = share(failed, rate(requests, of.http, "route"))
    board.with_panel(panels.graph("Errors by route", (by_route, "{{route}}"), unit="percentunit"))
    failed = f"sum by (version) ({_versioned(requests, of, _FAILED)})"
    board.with_panel(
        panels.graph("Errors by version", (share(failed, by_version), "{{version}}"), unit="percentunit")
    )
    slow = queries.quantile(0.99, seconds, of.http), queries.quantile(0.5, seconds, of.http)
    promised = (None, tones.GREEN), (objectives.latency_milliseconds / 1000, tones.RED)
    latency = panels.graph("Latency", (slow[0], "p99"), (slow[1], "p50"), unit="s", exemplars=True)
    board.with_panel(panels.lined(latency, *promised).description("Dashed: the latency objective."))
    by_route = queries.quantile(0.99, seconds, of.http, "route")
    board.with_panel(panels.graph("Latency by route, p99", (by_route, "{{route}}"), unit="s", span=12))
    buckets = f"sum by (version, le) ({_versioned(f'{seconds}_bucket', of)})"
    by_version = f"histogram_quantile(0.99, {buckets})"
    board.with_panel(panels.graph("Latency by version, p99", (by_version, "{{version}}"), unit="s", span=12))


def _versioned(metric: str, of: _Selectors, *more: str) -> str:
    labels = ",".join((of.http, *more))
    return queries.with_version(f"rate({metric}{{{labels}}}{queries.RATE})", of.model)


def _predictions(board: dashboard.Dashboard, of: _Selectors) -> None:
    board.with_row(dashboard.Row("Model"))
    by_class = rate("prediction_distribution_total", of.model, "prediction_label")
    board.with_panel(panels.graph("Predictions by class", (by_class, "{{prediction_label}}"), unit="cps"))
    median, lowest = (queries.quantile(part, "prediction_confidence", of.model) for part in (0.5, 0.05))
    board.with_panel(
        panels.graph("Confidence", (median, "median"), (lowest, "lowest 5 %"), unit="percentunit")
    )
    outside = rate("feature_out_of_range_total", of.model, "feature")
    board.with_panel(panels.graph("Inputs outside the training range", (outside, "{{feature}}"), unit="cps"))
    drift = panels.graph(
        "Feature drift (PSI)", (queries.drift(of.model, _WINDOW, _FEATURE), "{{feature}} {{version}}")
    )
    board.with_panel(
        panels.lined(
            drift, (None, tones.GREEN), (_DRIFT_LOOK, tones.YELLOW), (_DRIFT_ALARM, tones.RED)
        ).description(
            "How far the inputs lie from the training data. Below 0.1: similar; above 0.25: different. "
            "A handful of inputs can differ by chance."
        )
    )
    by_result = rate("inference_requests_total", of.model, "version", "status")
    board.with_panel(
        panels.graph("Inferences by version and status", (by_result, "{{version}} {{status}}"), unit="cps")
    )
    duration = queries.quantile(0.99, "inference_duration_seconds", of.model, "version")
    board.with_panel(panels.graph("Inference time, p99", (duration, "{{version}}"), unit="s"))


def _resources(board: dashboard.Dashboard, of: _Selectors) -> None:
    board.with_row(dashboard.Row("Resources"))
    cores = rate("container_cpu_usage_seconds_total", of.container, "pod")
    board.with_panel(panels.graph("CPU cores", (cores, "{{pod}}")))
    memory = f"sum by (pod) (container_memory_working_set_bytes{{{of.container}}})"
    board.with_panel(panels.graph("Memory", (memory, "{{pod}}"), unit="bytes"))
    used = rate("container_cpu_usage_seconds_total", of.container)
    cost = f"{used} / ({rate('http_requests_total', of.http)} > {_FEWEST_PER_SECOND})"
    board.with_panel(
        panels.graph("CPU time per request", (cost, "CPU time"), unit="s").description(
            f"Only above {_FEWEST_PER_SECOND} request per second: below, probes and scrapes use more."
        )
    )


def _rollout(board: dashboard.Dashboard, of: _Selectors) -> None:
    board.with_row(dashboard.Row("Rollout"))
    pods = f"count by (version) (model_info{{{of.model}}})"
    board.with_panel(panels.graph("Pods by version", (pods, "{{version}}"), span=8))
    conditions = f"max by (type, reason) (irismodel_condition{{{of.operator}}})"
    board.with_panel(panels.timeline("Conditions", conditions, "{{type}} {{reason}}", span=8))
    writes = rate("irismodel_writes_total", of.operator)
    board.with_panel(panels.graph("Writes of the operator", (writes, "writes"), unit="wps", span=8))
    _candidate(board, of)
    declared = (_news(of, "declared", "revision"), "Declared {{declared}}")
    board.annotation(panels.marks("Declared", declared, text_label="revision", color=tones.BLUE))
    serving = (_news(of, "serving"), "Serves {{serving}}")
    board.annotation(panels.marks("Serves", serving, text_label="serving", color=tones.GREEN))


def _candidate(board: dashboard.Dashboard, of: _Selectors) -> None:
    """Beside the stable version; empty without a rollout in steps."""
    declared, observed = (
        f"max (irismodel_rollout_{name}{{{of.operator}}})" for name in ("weight", "observed_ratio")
    )
    share_of = panels.graph(
        "Requests of the candidate", (declared, "declared"), (observed, "observed"), unit="percentunit"
    )
    board.with_panel(
        share_of.description(
            "A candidate passes only while they are close: 3 points, or half of a share below 6 %."
        )
    )
    bounds = f"max by (gate, bound) (irismodel_rollout_gate{{{of.operator}}})"
    gates = panels.signed("Gates", (bounds, "{{gate}} {{bound}}"), unit="percentunit")
    board.with_panel(
        gates.description(
            "Candidate minus stable version. A gate passes when its high is at or below its margin, and "
            "fails when its low is above."
        )
    )
    predicted = rate("prediction_distribution_total", of.model, "version", "prediction_label")
    by_version = rate("prediction_distribution_total", of.model, "version")
    mix = f"{predicted} / on (version) group_left () ({by_version} > 0)"
    board.with_panel(
        panels.graph("Classes by version", (mix, "{{version}} {{prediction_label}}"), unit="percentunit")
    )


def _news(of: _Selectors, *labels: str) -> str:
    """The series that did not exist five minutes before: a restart of the operator adds no mark."""
    by = queries.grouping(labels)
    info = f"irismodel_info{{{of.operator}}}"
    return f"max{by} ({info}) unless max{by} (last_over_time({info}[5m] offset 1m))"
