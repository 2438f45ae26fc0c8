"""Compares an IrisModel with what Git declares: serving, rolled back, stalled or waiting. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from iris_api import readiness, reasons, rollouts

from iris_delivery.declaration import Declaration, Release

Verdict = Literal["serving", "rolled-back", "stalled", "waiting"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdict and its cause."""

    verdict: Verdict
    why: str


def compare(model: Mapping[str, Any] | None, declared: Declaration) -> Comparison:
    """Only a spec that matches Git, and a status observed for that spec, count."""
    label, release = f"irismodel {declared.namespace}/{declared.name}", declared.release
    if model is None:
        return Comparison("waiting", f"{label}: not found yet")
    spec, found = model.get("spec", {}), readiness.of(model)
    if release.apart != bool(spec.get("artifact")):
        has = ("none", "one") if release.apart else ("one", "none")
        return Comparison(
            "waiting", f"{label}: spec.artifact: the cluster has {has[0]}, version.yaml declares {has[1]}"
        )
    if found.declared != release.version or not _same_digest(spec, release):
        return Comparison("waiting", f"{label}: the cluster still declares {found.declared}")
    if not found.current:
        return Comparison("waiting", f"{label}: the operator has not observed {release.version} yet")
    words = ": ".join(filter(None, (found.reason, found.message))) or "no condition yet"
    if found.stalled:
        verdict: Verdict = "rolled-back" if found.reason == reasons.ROLLED_BACK else "stalled"
        return Comparison(verdict, "; ".join([f"{label}: {words}", *rollouts.numbers(model)]))
    if found.ready and found.serving == release.version:
        return Comparison("serving", f"{label}: serves {release}")
    return Comparison("waiting", f"{label}: {words}")


def _same_digest(spec: Mapping[str, Any], release: Release) -> bool:
    holder = spec["artifact"] if release.apart else spec
    return release.digest is None or holder.get("image", {}).get("digest") == release.digest
