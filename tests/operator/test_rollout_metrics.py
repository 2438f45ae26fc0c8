"""The metrics of a rollout: its state, shares and gates at each scrape, and how rollouts ended."""

from collections.abc import Iterator
from typing import Any

import pytest
from iris_api import reasons
from iris_operator import metrics, rollout_metrics
from prometheus_client import REGISTRY

from tests.operator import bodies

IRIS = {"model_namespace": "iris", "model": "iris"}
STEPPING = {
    "state": "Stepping",
    "candidate": {"version": "1.5.0"},
    "stable": {"version": "1.4.0"},
    "step": 2,
    "weight": 20,
    "observedPerMille": 193,
    "gates": [
        {"name": "failed", "verdict": "NotEnough", "lowPerMille": -4, "highPerMille": 12, "requests": 800},
        {"name": "shift", "verdict": "NotJudged", "requests": 0},
    ],
}


def read(name: str, /, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, IRIS | labels)


@pytest.fixture
def models(models: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    yield models
    metrics.wrote("iris", "iris")  # gone() removes what there is
    metrics.gone("iris", "iris")


def rolling(rollout: Any) -> dict[str, Any]:
    gates = {"agreementPerMille": 800, "failedPerMille": 10, "shiftPerMille": 100}
    return bodies.body(rollout={"strategy": "Canary", "gates": gates}, status={"rollout": rollout})


def test_a_rollout_is_exported_with_its_shares_and_gates(models: list[dict[str, Any]]) -> None:
    models.append(rolling(STEPPING))

    info = {"state": "Stepping", "candidate": "1.5.0", "stable": "1.4.0", "step": "2"}
    assert read("irismodel_rollout_info", **info) == 1
    assert read("irismodel_rollout_weight") == 0.2
    assert read("irismodel_rollout_observed_ratio") == 0.193
    gate = {
        bound: read("irismodel_rollout_gate", gate="failed", bound=bound)
        for bound in ("low", "high", "margin")
    }
    assert gate == {"low": -0.004, "high": 0.012, "margin": 0.01}
    assert read("irismodel_rollout_gate", gate="shift", bound="high") is None
    assert read("irismodel_rollout_gate", gate="shift", bound="margin") == 0.1


def test_a_rollout_without_steps_has_no_shares(models: list[dict[str, Any]]) -> None:
    models.append(rolling({"state": "Preparing", "candidate": {"version": "1.5.0"}, "observedPerMille": -1}))

    assert read("irismodel_rollout_info", state="Preparing", candidate="1.5.0", stable="", step="") == 1
    assert read("irismodel_rollout_weight") is None
    assert read("irismodel_rollout_observed_ratio") is None


def test_a_model_without_a_rollout_has_no_series_of_one(models: list[dict[str, Any]]) -> None:
    models.append(rolling(None))

    assert not [
        sample
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name.startswith("irismodel_rollout_")
    ]


REJECTED = {"rejected": {"version": "1.5.0", "at": "2026-11-23T12:00:00Z"}}


@pytest.mark.parametrize(
    ("before", "after", "event", "outcome"),
    [
        ({"state": "Promoting"}, {"state": "Promoted"}, reasons.ROLLOUT_PROMOTED, "Promoted"),
        ({"state": "Preparing"}, {"state": "RolledBack", **REJECTED}, None, "RolledBack"),
        ({"state": "Promoting"}, {"state": "RollingBack", **REJECTED}, None, "RolledBack"),
        ({"state": "Preparing"}, {}, reasons.ROLLOUT_WITHDRAWN, "Withdrawn"),
        ({}, {}, reasons.ROLLOUT_SKIPPED, "Skipped"),
        ({"state": "RollingBack", **REJECTED}, {"state": "RolledBack", **REJECTED}, None, None),
        ({}, {"state": "Preparing"}, reasons.ROLLOUT_STARTED, None),
        ({"state": "Promoted"}, {"state": "Promoted"}, None, None),
    ],
    ids=["promoted", "refused", "taken back", "withdrawn", "skipped", "back", "started", "at rest"],
)
def test_the_end_of_a_rollout_is_counted_once(
    models: list[dict[str, Any]], before: Any, after: Any, event: str | None, outcome: str | None
) -> None:
    rollout_metrics.decided("iris", "iris", before=before, after=after, event=(event, "") if event else None)

    counted = {
        sample.labels["outcome"]: sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == "irismodel_rollouts_total"
    }
    assert counted == ({outcome: 1} if outcome else {})


def test_the_counts_of_a_deleted_model_go_with_it() -> None:
    rollout_metrics.decided("iris", "iris", before={}, after={}, event=(reasons.ROLLOUT_SKIPPED, ""))
    metrics.wrote("iris", "iris")

    metrics.gone("iris", "iris")

    assert read("irismodel_rollouts_total", outcome="Skipped") is None
