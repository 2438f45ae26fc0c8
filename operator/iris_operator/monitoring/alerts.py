"""The alerts of one IrisModel, as the groups of a PrometheusRule. Pure: same input, same rules.

Each name has its page in docs/runbooks. Burn rates and windows are those of the Site Reliability Workbook,
chapter 5: 14.4 times the allowed rate spends 2 % of 30 days' budget in an hour, 6 times 5 % in six.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from iris_operator.model.objectives import Objectives
from iris_operator.monitoring.dashboards import queries

RUNBOOKS: Final = "https://github.com/two-inc/iris-model-operator/blob/main/docs/runbooks"

# Burn rate as a multiple of the allowed one, long window, short window.
_BURNS: Final = ((14.4, "1h", "5m"), (6.0, "6h", "30m"))
_SLOW_BUDGET: Final = 0.01
# The time of a batch depends on its size.
_PREDICTIONS: Final = 'method="POST",route!="/api/v1/predict/batch"'
# Declared by the user, or the former version serves as it is to; what has alerts of its own.
_ASLEEP: Final = "Suspended|ScaledToZero|Stepping|AwaitingApproval|RolloutPaused|RolloutHeld|RolledBack"
# The former version serves, and a deadline ends each of these states.
_ROLLING_OUT: Final = "Preparing|Promoting|RollingBack"
_ONE_CLASS_SHARE: Final = 0.95
_DRIFT: Final = 0.25
_WINDOW: Final = "1h"
# The share of fewer requests is chance.
_LEAST_PREDICTIONS: Final = 100
_LEAST_INPUTS: Final = 500


@dataclass(frozen=True, slots=True)
class _Model:
    namespace: str
    name: str

    @property
    def http(self) -> str:
        """The selector of the server's HTTP metrics: a Service has the name of its model."""
        return f'namespace="{self.namespace}",service="{self.name}"'

    @property
    def series(self) -> str:
        """The selector of the server's model metrics."""
        return f'namespace="{self.namespace}",model="{self.name}"'

    @property
    def selector(self) -> str:
        """The selector of the operator's metrics."""
        return f'model_namespace="{self.namespace}",model="{self.name}"'

    def alert(self, name: str, expression: str, wait: str, summary: str, **labels: str) -> dict[str, Any]:
        named = f"IrisModel {self.namespace}/{self.name}"
        return {
            "alert": name,
            "expr": expression,
            "for": wait,
            "labels": {"severity": "warning", "namespace": self.namespace, "model": self.name} | labels,
            "annotations": {"summary": f"{named} {summary}", "runbook_url": f"{RUNBOOKS}/{name}.md"},
        }


@functools.lru_cache(maxsize=2048)
def groups(namespace: str, name: str, objectives: Objectives) -> tuple[dict[str, Any], ...]:
    """The groups of rules. Cached, not to be changed: a pass at rest builds them only to compare."""
    model = _Model(namespace, name)
    rules = [
        *_failing(model, (1000 - objectives.availability_per_mille) / 1000),
        *_slow(model, objectives.latency_milliseconds / 1000),
        _not_served(model),
        _not_ready(model),
        _held(model),
        _rolled_back(model),
        _one_class(model),
        _drifting(model),
    ]
    return ({"name": f"iris-model.{namespace}.{name}", "rules": rules},)


def _failing(model: _Model, budget: float) -> list[dict[str, Any]]:
    selected = f"{model.http},{queries.ASKED}"

    def share(window: str) -> str:
        failed = f'sum(rate(http_requests_total{{{selected},http_status=~"5.."}}[{window}]))'
        return f"{failed} / sum(rate(http_requests_total{{{selected}}}[{window}]))"

    return _burning(
        model,
        "IrisModelErrorBudgetBurn",
        share,
        budget=budget,
        summary=lambda window: f"fails {{{{ $value | humanizePercentage }}}} of its requests over {window}",
    )


def _slow(model: _Model, seconds: float) -> list[dict[str, Any]]:
    selected = f"{model.http},{_PREDICTIONS}"
    metric = "http_request_duration_seconds"

    def share(window: str) -> str:
        quick = f'sum(rate({metric}_bucket{{{selected},le="{seconds}"}}[{window}]))'
        return f"(1 - {quick} / sum(rate({metric}_count{{{selected}}}[{window}])))"

    late = f"answers {{{{ $value | humanizePercentage }}}} of its predictions in more than {seconds:g} s"
    return _burning(model, "IrisModelLatencyBudgetBurn", share, budget=_SLOW_BUDGET, summary=lambda _: late)


def _burning(
    model: _Model, name: str, share: Callable[[str], str], *, budget: float, summary: Callable[[str], str]
) -> list[dict[str, Any]]:
    """One rule per burn rate; `share` is the bad share over a window, `summary` its text."""
    return [
        model.alert(
            name,
            f"{share(long)} > {rate * budget:.6g} and {share(short)} > {rate * budget:.6g}",
            "1m",
            summary(long),
            severity="critical",
            window=long,
        )
        for rate, long, short in _BURNS
    ]


def _not_served(model: _Model) -> dict[str, Any]:
    info = f"irismodel_info{{{model.selector}}}"
    served = f'label_replace({info}, "declared", "$1", "serving", "(.*)")'
    asleep = f"max({_ready(model, _ASLEEP)})"
    return model.alert(
        "IrisModelVersionNotServed",
        f"max by (declared) ({info} unless on (declared) {served}) "
        f"unless on () {asleep} unless on () {_rolling_out(model)}",
        "10m",
        "declares version {{ $labels.declared }} and does not serve it",
    )


def _not_ready(model: _Model) -> dict[str, Any]:
    return model.alert(
        "IrisModelNotReady",
        f"max({_ready(model, _ASLEEP, '!~')}) == 0 unless on () {_rolling_out(model)}",
        "15m",
        "is not ready",
    )


def _ready(model: _Model, reasons: str, matches: str = "=~") -> str:
    return f'irismodel_condition{{{model.selector},type="Ready",reason{matches}"{reasons}"}}'


def _rolling_out(model: _Model) -> str:
    """A status that nobody has written since, such as one of a spec that became invalid, is no rollout."""
    under_way = f'irismodel_rollout_info{{{model.selector},state=~"{_ROLLING_OUT}"}}'
    return f"(max({_ready(model, 'Progressing')}) and on () {under_way})"


def _held(model: _Model) -> dict[str, Any]:
    return model.alert(
        "IrisModelRolloutHeld",
        f"max({_ready(model, 'RolloutHeld')}) == 0",
        "1m",
        "holds a rollout: too few requests to judge its candidate in time",
    )


def _rolled_back(model: _Model) -> dict[str, Any]:
    return model.alert(
        "IrisModelRolledBack",
        f"max({_ready(model, 'RolledBack')}) == 0",
        "1m",
        "has rolled its declared version back",
    )


def _one_class(model: _Model) -> dict[str, Any]:
    predicted = f"increase(prediction_distribution_total{{{model.series}}}[{_WINDOW}])"
    share = f"sum by (prediction_label) ({predicted}) / on () group_left () sum({predicted})"
    return model.alert(
        "IrisModelOneClass",
        f"{share} > {_ONE_CLASS_SHARE} and on () sum({predicted}) > {_LEAST_PREDICTIONS}",
        "30m",
        "predicts {{ $labels.prediction_label }} for {{ $value | humanizePercentage }} of all flowers",
    )


def _drifting(model: _Model) -> dict[str, Any]:
    by = ("version", "feature")
    inputs = f"sum{queries.grouping(by)} (increase(feature_bucket_total{{{model.series}}}[{_WINDOW}]))"
    enough = f"and on ({', '.join(by)}) {inputs} > {_LEAST_INPUTS}"
    return model.alert(
        "IrisModelFeatureDrift",
        f"{queries.drift(model.series, _WINDOW, by)} > {_DRIFT} {enough}",
        "15m",
        "gets {{ $labels.feature }} that has drifted from the training data (PSI {{ $value | humanize }})",
    )
