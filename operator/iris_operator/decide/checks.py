"""Decides from a model's facts whether it is Ready, and if not, why. Pure.

CHECKS is the specification: the first check with a verdict decides Ready, Reconciling and Stalled.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from iris_api import reasons, sources

from iris_operator import errors
from iris_operator.decide import verdict, workload_checks
from iris_operator.decide.facts import Facts
from iris_operator.decide.verdict import Verdict

_REFUSAL_SECONDS: Final = 30.0
_UNREAD_SECONDS: Final = 30.0


def _suspended(facts: Facts) -> Verdict | None:
    if not facts.suspended:
        return None
    state = "is serving" if facts.stable.serves_version() else "is not serving"
    state += workload_checks.trouble(facts.stable)
    message = f"suspended: children are not changed; the declared version {facts.version} {state}"
    return Verdict(ready=facts.stable.serves_version(), reason=reasons.SUSPENDED, message=message)


def _at_fault(facts: Facts) -> Verdict | None:
    return verdict.stalled(facts.fault.reason, facts.fault.message) if facts.fault else None


def _child_failed(facts: Facts) -> Verdict | None:
    failure = facts.failure_of("Ready")
    if failure is None:
        return None
    if failure.is_final:
        return verdict.stalled(failure.reason, failure.message)
    if facts.stable.time_left() <= timedelta(0):
        return verdict.out_of_time(failure.message)
    return Verdict(ready=False, reason=failure.reason, message=failure.message, reconciling=True)


def _rollout(facts: Facts) -> Verdict | None:
    return facts.rollout.verdict if facts.rollout else None


def _workload(facts: Facts) -> Verdict:
    return workload_checks.judge(facts.stable)


CHECKS: Final[tuple[Callable[[Facts], Verdict | None], ...]] = (
    _at_fault,  # the spec or a name is refused: nothing else can succeed
    _suspended,  # children are not touched
    _child_failed,  # a child that serving needs: the pods are not as declared
    _rollout,  # under way or refused: the declared version does not serve yet
    _workload,  # the Deployment and its pods
)


def judge(facts: Facts) -> Verdict:
    """The first verdict of CHECKS."""
    return next(found for check in CHECKS if (found := check(facts)) is not None)


def look_again(facts: Facts, found: Verdict) -> float | None:
    """Seconds until the verdict may change without any event, or None."""
    if facts.rollout and facts.rollout.verdict:
        waits = list(facts.rollout.waits)
    else:
        waits = workload_checks.waits(facts.stable, found)
    if found.reconciling and facts.failure_of("Ready"):
        waits.append(facts.stable.time_left().total_seconds() + 0.1)
    if any(isinstance(failure.cause, errors.Invalid) for failure in facts.failures):
        waits.append(_REFUSAL_SECONDS)  # no watch covers the object that was in the way
    if facts.missing_class or facts.gateway_problem:
        waits.append(_REFUSAL_SECONDS)
    if facts.former_route and facts.former_route.seconds is not None:
        waits.append(facts.former_route.seconds + 0.1)
    waits += [(part.changes_at - facts.now).total_seconds() + 0.1 for part in facts.parts if part.changes_at]
    if sources.is_half_known(facts.source):
        waits.append(_UNREAD_SECONDS)
    return min(waits, default=None)
