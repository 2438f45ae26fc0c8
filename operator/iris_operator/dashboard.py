"""The Grafana dashboard of one IrisModel, as JSON text. Pure: same model, same bytes.

Every query uses the metrics that the model server promises; a test holds the two against each other.
"""

import functools
import hashlib
from typing import Final

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog import encoder
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models

_DATASOURCE: Final = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
_RATE: Final = "[$__rate_interval]"


def uid(namespace: str, name: str) -> str:
    """Stable for ever, unique across namespaces, within Grafana's 40 characters."""
    return "iris-" + hashlib.sha256(f"{namespace}/{name}".encode()).hexdigest()[:24]


@functools.lru_cache(maxsize=2048)
def build(namespace: str, name: str) -> str:
    """Cached: it depends on the name alone, and a pass at rest builds it only to compare."""
    http = f'namespace="{namespace}",service="{name}"'
    model = f'namespace="{namespace}",model="{name}"'
    board = (
        dashboard.Dashboard(f"Iris Model Serving / {namespace}/{name}")
        .uid(uid(namespace, name))
        .tags(["iris", "model-serving"])
        .readonly()
        .refresh("30s")
        .time("now-1h", "now")
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    _overview(board, http, model)
    _requests(board, http)
    _predictions(board, model)
    text: str = encoder.JSONEncoder(sort_keys=True, indent=2).encode(board.build())
    return text + "\n"


def _overview(board: dashboard.Dashboard, http: str, model: str) -> None:
    board.with_row(dashboard.Row("Overview"))
    board.with_panel(
        _stat("Serving version", f"count by (version) (model_info{{{model}}})", legend="{{version}}")
        .text_mode(common.BigValueTextMode.NAME)
        .description("Versions that pods answer with: two while one rolls out.")
    )
    board.with_panel(_stat("Pods serving", f"count(model_info{{{model}}})"))
    board.with_panel(_stat("Requests", f"sum(rate(http_requests_total{{{http}}}{_RATE}))").unit("reqps"))
    errors = f'sum(rate(http_requests_total{{{http},http_status=~"5.."}}{_RATE})) or vector(0)'
    board.with_panel(
        _stat("Errors", f"({errors}) / sum(rate(http_requests_total{{{http}}}{_RATE}))")
        .unit("percentunit")
        .description("Share of requests that the server answered with 5xx.")
    )


def _requests(board: dashboard.Dashboard, http: str) -> None:
    board.with_row(dashboard.Row("Requests"))
    by_status = f"sum by (route, http_status) (rate(http_requests_total{{{http}}}{_RATE}))"
    board.with_panel(_graph("Requests by route and status", by_status, "{{route}} {{http_status}}", "reqps"))
    latency = _graph("Latency", _quantile(0.99, "http_request_duration_seconds", http), "p99", "s")
    latency.with_target(_query(_quantile(0.5, "http_request_duration_seconds", http), "p50", "B"))
    board.with_panel(latency)
    board.with_panel(_graph("In flight", f"sum(http_requests_in_flight{{{http}}})", "in flight", "short"))


def _predictions(board: dashboard.Dashboard, model: str) -> None:
    board.with_row(dashboard.Row("Model"))
    by_class = f"sum by (prediction_label) (rate(prediction_distribution_total{{{model}}}{_RATE}))"
    board.with_panel(_graph("Predictions by class", by_class, "{{prediction_label}}", "cps"))
    confidence = _graph("Confidence", _quantile(0.5, "prediction_confidence", model), "median", "percentunit")
    confidence.with_target(_query(_quantile(0.05, "prediction_confidence", model), "lowest 5 %", "B"))
    board.with_panel(confidence)
    outside = f"sum by (feature) (rate(feature_out_of_range_total{{{model}}}{_RATE}))"
    board.with_panel(_graph("Inputs outside the training range", outside, "{{feature}}", "cps"))
    by_result = f"sum by (version, status) (rate(inference_requests_total{{{model}}}{_RATE}))"
    board.with_panel(_graph("Inferences by version and status", by_result, "{{version}} {{status}}", "cps"))
    duration = _quantile(0.99, "inference_duration_seconds", model)
    board.with_panel(_graph("Inference time, p99", duration, "p99", "s"))


def _quantile(share: float, metric: str, labels: str) -> str:
    return f"histogram_quantile({share}, sum by (le) (rate({metric}_bucket{{{labels}}}{_RATE})))"


def _query(expression: str, legend: str, ref_id: str = "A") -> prometheus.Dataquery:
    query = prometheus.Dataquery().datasource(_DATASOURCE).expr(expression).ref_id(ref_id)
    return query.legend_format(legend) if legend else query


def _stat(title: str, expression: str, legend: str = "") -> stat.Panel:
    query = _query(expression, legend).instant()
    return (
        stat.Panel()
        .title(title)
        .datasource(_DATASOURCE)
        .with_target(query)
        .height(4)
        .span(6)
        .color_mode(common.BigValueColorMode.VALUE)
        .color_scheme(
            dashboard.FieldColor().mode(models.FieldColorModeId.FIXED).fixed_color("semi-dark-blue")
        )
    )


def _graph(title: str, expression: str, legend: str, unit: str) -> timeseries.Panel:
    return (
        timeseries.Panel()
        .title(title)
        .datasource(_DATASOURCE)
        .with_target(_query(expression, legend))
        .unit(unit)
        .min(0)
        .height(8)
        .span(8)
        .fill_opacity(10)
        .show_points(common.VisibilityMode.NEVER)
    )
