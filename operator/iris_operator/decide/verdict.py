"""The outcome of the checks. Pure."""

from dataclasses import dataclass

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
