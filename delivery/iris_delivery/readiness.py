"""Compares an IrisModel with what Git declares: serving, stalled or waiting. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from iris_delivery.declaration import Declaration

Verdict = Literal["serving", "stalled", "waiting"]


@dataclass(frozen=True, slots=True)
class Readiness:
    """The verdict and its cause."""

    verdict: Verdict
    why: str


def judge(model: Mapping[str, Any] | None, declared: Declaration) -> Readiness:
    """Counts only a spec equal to what Git declares, and a status of that spec."""
    label, release = f"irismodel {declared.namespace}/{declared.name}", declared.release
    if model is None:
        return Readiness("waiting", f"{label}: not found yet")
    spec, status = model.get("spec", {}), model.get("status", {})
    if spec.get("version") != release.version or not _same_digest(spec, release.digest):
        return Readiness("waiting", f"{label}: the cluster still declares {spec.get('version')}")
    if status.get("observedGeneration") != model["metadata"].get("generation"):
        return Readiness("waiting", f"{label}: the operator has not observed {release.version} yet")
    conditions = {each["type"]: each for each in status.get("conditions", [])}
    stalled, ready = conditions.get("Stalled", {}), conditions.get("Ready", {})
    if stalled.get("status") == "True":
        return Readiness("stalled", f"{label}: {_words(stalled)}")
    if ready.get("status") == "True" and status.get("servingVersion") == release.version:
        return Readiness("serving", f"{label}: serves {release}")
    return Readiness("waiting", f"{label}: {_words(ready)}")


def _same_digest(spec: Mapping[str, Any], digest: str | None) -> bool:
    found = spec.get("image", {}).get("digest")
    return digest is None or found == digest


def _words(condition: Mapping[str, Any]) -> str:
    return ": ".join(filter(None, (condition.get("reason"), condition.get("message")))) or "no condition yet"
