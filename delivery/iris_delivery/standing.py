"""Judges an IrisModel against what Git declares: serves it, stalled on it, or on the way. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from iris_delivery.declaration import Declaration

Verdict = Literal["serving", "stalled", "waiting"]


@dataclass(frozen=True, slots=True)
class Standing:
    """The verdict, and why in words."""

    verdict: Verdict
    why: str


def judge(model: Mapping[str, Any] | None, declared: Declaration) -> Standing:
    """Only a status that is about the present spec, and a spec that is what Git declares, count."""
    label, release = f"irismodel {declared.namespace}/{declared.name}", declared.release
    if model is None:
        return Standing("waiting", f"{label}: not there yet")
    spec, status = model.get("spec", {}), model.get("status", {})
    if spec.get("version") != release.version or not _same_digest(spec, release.digest):
        return Standing("waiting", f"{label}: the cluster still declares {spec.get('version')}")
    if status.get("observedGeneration") != model["metadata"].get("generation"):
        return Standing("waiting", f"{label}: the operator has not seen {release.version} yet")
    conditions = {each["type"]: each for each in status.get("conditions", [])}
    stalled, ready = conditions.get("Stalled", {}), conditions.get("Ready", {})
    if stalled.get("status") == "True":
        return Standing("stalled", f"{label}: {_words(stalled)}")
    if ready.get("status") == "True" and status.get("servingVersion") == release.version:
        return Standing("serving", f"{label}: serves {release}")
    return Standing("waiting", f"{label}: {_words(ready)}")


def _same_digest(spec: Mapping[str, Any], digest: str | None) -> bool:
    found = spec.get("image", {}).get("digest")
    return digest is None or found == digest


def _words(condition: Mapping[str, Any]) -> str:
    return ": ".join(filter(None, (condition.get("reason"), condition.get("message")))) or "no word yet"
