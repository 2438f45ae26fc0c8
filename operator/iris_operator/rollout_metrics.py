"""The metrics of rollouts: series computed from `status.rollout`, and a count of how rollouts ended."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from iris_api import reasons, rollouts
from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily

_MODEL: Final = ("model_namespace", "model")
_ended = Counter(
    "irismodel_rollouts",
    "Rollouts by their end; outcome: Promoted, RolledBack, Withdrawn or Skipped.",
    [*_MODEL, "outcome"],
)
_OUTCOMES: Final = {
    reasons.ROLLOUT_PROMOTED: rollouts.PROMOTED,
    reasons.ROLLOUT_WITHDRAWN: "Withdrawn",
    reasons.ROLLOUT_SKIPPED: "Skipped",
}


def decided(
    namespace: str,
    model: str,
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    event: tuple[str, str] | None,
) -> None:
    """Count a rollout that this decision ends; `before` and `after` are its status."""
    outcome = _OUTCOMES.get(event[0]) if event else None
    if after.get("rejected") and after["rejected"] != before.get("rejected"):
        outcome = rollouts.ROLLED_BACK
    if outcome:
        _ended.labels(namespace, model, outcome).inc()


def gone(namespace: str, model: str) -> None:
    """Remove the counts of a deleted model."""
    _ended.remove_by_labels(dict(zip(_MODEL, (namespace, model), strict=True)))


class Families:
    """The series of all models, filled one by one."""

    def __init__(self) -> None:
        self._info = GaugeMetricFamily(
            "irismodel_rollout_info",
            "1 for the rollout in the status, which is under way or was the last one; from the replica that "
            "writes.",
            labels=(*_MODEL, "state", "candidate", "stable", "step"),
        )
        self._weight = GaugeMetricFamily(
            "irismodel_rollout_weight",
            "The declared share of the requests of the candidate, 0 to 1, while requests are divided.",
            labels=_MODEL,
        )
        self._observed = GaugeMetricFamily(
            "irismodel_rollout_observed_ratio",
            "The share of the requests that have reached the candidate in this step, 0 to 1.",
            labels=_MODEL,
        )
        self._gates = GaugeMetricFamily(
            "irismodel_rollout_gate",
            "The difference of candidate minus stable version, -1 to 1; bound: low and high of its interval "
            "at the last look, and margin, the largest that passes.",
            labels=(*_MODEL, "gate", "bound"),
        )

    def __iter__(self) -> Iterator[GaugeMetricFamily]:
        return iter((self._info, self._weight, self._observed, self._gates))

    def add(self, body: Mapping[str, Any]) -> None:
        rollout = (body.get("status") or {}).get("rollout")
        if not rollout:
            return
        model = [body["metadata"]["namespace"], body["metadata"]["name"]]
        versions = [(rollout.get(track) or {}).get("version", "") for track in ("candidate", "stable")]
        step = str(rollout.get("step", ""))
        self._info.add_metric([*model, rollout.get("state", ""), *versions, step], 1)
        if "weight" in rollout:
            self._weight.add_metric(model, rollout["weight"] / 100)
        if rollout.get("observedPerMille", -1) >= 0:
            self._observed.add_metric(model, rollout["observedPerMille"] / 1000)
        limits = ((body.get("spec") or {}).get("rollout") or {}).get("gates") or {}
        for gate in rollout.get("gates", ()):
            limit = limits.get(f"{gate['name']}PerMille")
            bounds = {"low": gate.get("lowPerMille"), "high": gate.get("highPerMille"), "margin": limit}
            for bound, per_mille in bounds.items():
                if per_mille is not None:
                    self._gates.add_metric([*model, gate["name"], bound], per_mille / 1000)
