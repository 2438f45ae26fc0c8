"""The outcome of the checks, and of a step of a rollout. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iris_api import reasons


@dataclass(frozen=True, slots=True)
class Verdict:
    """Ready, Reconciling and Stalled, with their reason and message."""

    ready: bool
    reason: str
    message: str
    reconciling: bool = False
    stalled: bool = False


def stalled(reason: str, message: str) -> Verdict:
    return Verdict(ready=False, reason=reason, message=message, stalled=True)


def out_of_time(message: str) -> Verdict:
    found = f"no progress within spec.progressDeadlineSeconds; {message}"
    return stalled(reasons.PROGRESS_DEADLINE_EXCEEDED, found)


def progressing(message: str) -> Verdict:
    return Verdict(ready=False, reason=reasons.PROGRESSING, message=message, reconciling=True)


@dataclass(frozen=True, slots=True)
class RolloutReport:
    """What a rollout adds to the status."""

    status: Mapping[str, Any]  # status.rollout; empty for none
    verdict: Verdict | None = None  # of Ready; None: the stable workload decides
    waits: Sequence[float] = ()  # seconds after which it may change without any event
