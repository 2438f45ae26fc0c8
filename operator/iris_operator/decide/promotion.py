"""From a candidate that has passed to stable pods of its version. Pure.

The requests stay divided until the stable pods have proven the version and the digest of the candidate.
"""

from collections.abc import Mapping
from typing import Any, Final

from iris_api import reasons, rollouts

from iris_operator.decide import rollback, split_requests, verdict, workload_checks
from iris_operator.decide.rollout_facts import RolloutFacts, Step, alone, digest
from iris_operator.decide.verdict import RolloutReport

# The operator reads the counts of the pods so often while requests are divided.
POLL_SECONDS: Final = 5.0


def permit(facts: RolloutFacts, status: Mapping[str, Any]) -> Step:
    """Promote, unless the spec wants to wait."""
    policy = facts.policy
    if policy.pause:
        found = "spec.rollout.pause is true"
        return _wait(facts, status, rollouts.HELD, reasons.ROLLOUT_PAUSED, found)
    if is_waiting(facts):
        named = f"found {policy.approved!r}" if policy.approved else "found none"
        found = f"spec.rollout.approved: {named}, expected {facts.version!r}"
        return _wait(facts, status, rollouts.AWAITING_APPROVAL, reasons.AWAITING_APPROVAL, found)
    return begin(facts, status)


def is_waiting(facts: RolloutFacts) -> bool:
    """Whether only a commit can promote the candidate."""
    policy = facts.policy
    return policy.pause or (policy.approval == rollouts.MANUAL and policy.approved != facts.version)


def begin(facts: RolloutFacts, status: Mapping[str, Any], *, event: tuple[str, str] | None = None) -> Step:
    """The stable pods are replaced."""
    candidate = {**status["candidate"], "digest": facts.digest()}
    status = facts.entered(rollouts.PROMOTING, {**status, "candidate": candidate})
    plan = facts.plan(facts.declared, status, fallback=facts.former)
    found = facts.under_way("its pods are replacing those of the stable version")
    return Step(plan, RolloutReport(status, found, facts.until_deadline()), event)


def promoting(facts: RolloutFacts) -> Step:
    found = workload_checks.judge(facts.promoted)
    if found.stalled:
        return rollback.begin(facts, found.reason, f"during the promotion: {found.message}")
    if not found.ready and found.reason != reasons.SCALED_TO_ZERO:
        waits = workload_checks.waits(facts.promoted, found)
        status = _split(facts)
        plan = facts.plan(facts.declared, status, fallback=facts.former)
        return Step(plan, RolloutReport(status, facts.under_way(found.message), waits))
    expected, proven = facts.before["candidate"].get("digest"), digest(facts.promoted)
    if found.ready and proven != expected:
        message = f"found model {proven} in the promoted pods, expected {expected}, the one that was compared"
        return rollback.begin(facts, reasons.VERSION_MISMATCH, message)
    if facts.is_split and not split_requests.is_drained(facts):
        status = split_requests.directed(facts, facts.before, 0)
        plan = facts.plan(facts.declared, status, fallback=facts.former)
        message = "sending all requests to the stable pods, which now have its version"
        return Step(plan, RolloutReport(status, facts.under_way(message), [rollback.POLL_SECONDS]))
    return _promoted(facts) if found.ready else Step(alone(facts.declared), RolloutReport({}))


def _promoted(facts: RolloutFacts) -> Step:
    status = split_requests.forgotten({k: value for k, value in facts.before.items() if k != "since"})
    status |= {"state": rollouts.PROMOTED, "summary": f"{rollouts.PROMOTED} {facts.version}"}
    note = f"version {facts.version} has replaced {facts.former.version}{_agreed(status)}"
    return Step(alone(facts.declared), RolloutReport(status), (reasons.ROLLOUT_PROMOTED, note))


def _wait(facts: RolloutFacts, status: Mapping[str, Any], state: str, reason: str, message: str) -> Step:
    """For a commit; what has been compared is not compared again."""
    status = facts.entered(state, status)
    found = verdict.stalled(reason, f"rollout of version {facts.version} is waiting: {message}")
    waits = [POLL_SECONDS] if facts.is_split else []
    return Step(facts.plan(facts.former, status), RolloutReport(status, found, waits))


def _split(facts: RolloutFacts) -> Mapping[str, Any]:
    """Nobody is routed to a candidate that has lost its pods meanwhile."""
    status = facts.clocked()
    if not facts.is_split:
        return status
    return split_requests.directed(facts, status, status["weight"] if facts.has_ready_candidate else 0)


def _agreed(status: Mapping[str, Any]) -> str:
    found = status.get("agreement")
    return (
        f": both predict the same class for {found['agree']} of {found['rows']} reference rows"
        if found
        else ""
    )
