"""Reads the readiness of the present spec from an IrisModel's status. Pure.

The operator decides it in iris_operator.decide.checks; everything else reads the result through this module.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Readiness:
    """The summary of a status. `ready`, `stalled`, `reason` and `message` are of the present spec only."""

    declared: str
    serving: str  # the version that pods have proven, empty when there is none
    current: bool  # the operator has looked at the present spec
    ready: bool
    stalled: bool
    reason: str
    message: str
    source: str  # the Git revision that declared the version, where it is known


def of(body: Mapping[str, Any]) -> Readiness:
    """The readiness in a whole IrisModel as the API server returns it, also without a status."""
    status = body.get("status") or {}
    ready, stalled = condition(body, "Ready"), condition(body, "Stalled")
    return Readiness(
        declared=str((body.get("spec") or {}).get("version", "")),
        serving=str(status.get("servingVersion") or ""),
        current=is_current(body),
        ready=ready.get("status") == "True",
        stalled=stalled.get("status") == "True",
        reason=(stalled or ready).get("reason", ""),
        message=(stalled or ready).get("message", ""),
        source=str((status.get("source") or {}).get("revision", "")),
    )


def is_current(body: Mapping[str, Any]) -> bool:
    """Whether the status describes the spec as it is now: no older spec, no former object of that name."""
    observed = (body.get("status") or {}).get("observedGeneration")
    return bool(observed == body["metadata"].get("generation"))


def condition(body: Mapping[str, Any], kind: str) -> Mapping[str, str]:
    """The condition of a type; empty when there is none, or when the status describes another spec."""
    if not is_current(body):
        return {}
    conditions: Iterable[Mapping[str, str]] = (body.get("status") or {}).get("conditions", ())
    return next((found for found in conditions if found["type"] == kind), {})
