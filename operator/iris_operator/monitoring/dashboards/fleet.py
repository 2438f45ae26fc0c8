"""The dashboard of all IrisModels: which serve what was declared, and which differ from the others."""

from typing import Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from iris_operator.monitoring.dashboards import panels, queries, tones
from iris_operator.monitoring.dashboards.queries import share

UID: Final = "iris-fleet"
_NAMESPACE: Final = 'model_namespace=~"$namespace"'
_SERVED: Final = 'namespace=~"$namespace"'
_EACH: Final = ("namespace", "model")
_NAME: Final = "{{namespace}}/{{model}}"
_FEATURE: Final = (*_EACH, "version", "feature")


def build() -> str:
    board = panels.board("Iris Model Serving", UID)
    board.with_variable(
        dashboard.QueryVariable("namespace")
        .label("Namespace")
        .datasource(panels.DATASOURCE)
        .query("label_values(irismodel_info, model_namespace)")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(models.VariableOption(text="All", value="$__all", selected=True))
    )
    _overview(board)
    _comparison(board)
    return panels.text(board)


def _overview(board: dashboard.Dashboard) -> None:
    board.with_row(dashboard.Row("Overview"))
    all_of = f'max by (model_namespace, model) (irismodel_condition{{{_NAMESPACE},type="Ready"}})'
    board.with_panel(panels.tile("Models", f"count({all_of})", span=4))
    board.with_panel(panels.tile("Ready", f"sum({all_of})", span=4))
    unready = panels.tile("Not ready", f"count({all_of} == 0) or vector(0)", span=4)
    board.with_panel(panels.judged(unready, (None, tones.GREEN), (1, tones.RED)))
    behind = panels.tile("Serve another version than declared", _behind(), span=4)
    board.with_panel(panels.judged(behind, (None, tones.GREEN), (1, tones.YELLOW)))
    requests = _requests()
    board.with_panel(panels.tile("Requests", f"sum({requests})", span=4).unit("reqps"))
    errors = share(f"sum({_requests(_FAILED)})", f"sum({requests})")
    board.with_panel(panels.tile("Errors", errors, span=4).unit("percentunit"))
    board.with_panel(
        panels.listing(
            "Models",
            labels=_info("declared", "serving", "revision"),
            ready=all_of,
            requests_per_second=_renamed(f"sum by (namespace, model) ({requests})"),
            share_of_errors=_renamed(_errors()),
            p99_seconds=_renamed(_slowest()),
        )
    )


def _comparison(board: dashboard.Dashboard) -> None:
    board.with_row(dashboard.Row("Models side by side"))
    requests = f"sum by (namespace, model) ({_requests()})"
    board.with_panel(panels.graph("Requests", (requests, _NAME), unit="reqps"))
    board.with_panel(panels.graph("Errors", (_errors(), _NAME), unit="percentunit"))
    board.with_panel(panels.graph("Latency, p99", (_slowest(), _NAME), unit="s"))
    pods = f"count by (namespace, model, version) (model_info{{{_SERVED}}})"
    board.with_panel(panels.graph("Pods by version", (pods, f"{_NAME} {{{{version}}}}")))
    drift = f"max by (namespace, model) ({queries.drift(_SERVED, '1h', _FEATURE)})"
    board.with_panel(
        panels.graph("Feature drift (PSI over 1 h), worst feature", (drift, _NAME)).description(
            "How far the inputs lie from the training data. Below 0.1: similar; above 0.25: different."
        )
    )
    median = queries.quantile(0.5, "prediction_confidence", _SERVED, *_EACH)
    board.with_panel(panels.graph("Confidence, median", (median, _NAME), unit="percentunit"))


_FAILED: Final = 'http_status=~"5.."'


def _requests(*more: str) -> str:
    labels = ",".join((_SERVED, queries.ASKED, *more))
    return queries.with_version(f"rate(http_requests_total{{{labels}}}{queries.RATE})", _SERVED)


def _errors() -> str:
    by = queries.grouping(_EACH)
    return share(f"sum{by} ({_requests(_FAILED)})", f"sum{by} ({_requests()})")


def _slowest() -> str:
    buckets = f"rate(http_request_duration_seconds_bucket{{{_SERVED},{queries.ASKED}}}{queries.RATE})"
    by = queries.grouping([*_EACH, "le"])
    return f"histogram_quantile(0.99, sum{by} ({queries.with_version(buckets, _SERVED)}))"


def _renamed(expression: str) -> str:
    """The query with the labels of the operator's series, so that both join in one row."""
    moved = f'label_replace({expression}, "model_namespace", "$1", "namespace", "(.*)")'
    return f"sum by (model_namespace, model) ({moved})"


def _behind() -> str:
    """Models that serve another version. PromQL cannot compare labels, so equal ones are removed."""
    info = _info("declared", "serving")
    alike = f'label_replace({info}, "serving", "$1", "declared", "(.*)")'
    return f"count({info} unless {alike}) or vector(0)"


def _info(*labels: str) -> str:
    return f"max{queries.grouping(['model_namespace', 'model', *labels])} (irismodel_info{{{_NAMESPACE}}})"
