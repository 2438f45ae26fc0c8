"""A candidate with a share of the requests: from step to step, and judged on the last. Pure.

Every step needs that no gate fails; the last one needs that all of them pass. Upwards: scale, prove, route.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from iris_api import reasons, rollouts

from iris_operator.decide import (
    candidates,
    promotion,
    rollback,
    split_requests,
    step_evidence,
    verdict,
    workload_checks,
)
from iris_operator.decide.promotion import POLL_SECONDS
from iris_operator.decide.rollout_facts import RolloutFacts, Step
from iris_operator.decide.step_evidence import Result
from iris_operator.decide.verdict import RolloutReport, Verdict

_LONGEST_SPLIT_SECONDS: Final = 30.0
_LONGEST_MESSAGE: Final = 1024


def enter(facts: RolloutFacts, status: Mapping[str, Any], number: int) -> Step:
    """The first pass of a step; the share follows once there are pods for it."""
    percent = facts.policy.steps[number - 1]
    replicas = candidates.replicas(facts.stable_replicas, percent)
    state = rollouts.JUDGING if number == len(facts.policy.steps) else rollouts.STEPPING
    candidate = {**status["candidate"], "replicas": replicas, "digest": facts.digest()}
    begun = split_requests.begun({**status, "candidate": candidate}, number)
    status = facts.entered(state, begun) | {"since": facts.moment}
    note = f"version {facts.version}: step {number} of {len(facts.policy.steps)}, {percent} % of the requests"
    return _go_on(facts, status, event=(reasons.STEP_REACHED, note), waits=rollback.POLL_SECONDS)


def decide(facts: RolloutFacts) -> Step:
    """One pass in a step, also while it is held or waits for an approval."""
    found = workload_checks.judge(facts.candidate)
    is_reached = facts.before.get("weight") == _percent(facts)
    trouble = _trouble(facts, found, is_reached=is_reached)
    if trouble is not None:
        return rollback.begin(facts, *trouble)
    if facts.serving.workload.seen and facts.serving.workload.ready == 0:
        note = f"version {facts.version} is promoted at once: no pod of the stable version is ready"
        return promotion.begin(facts, facts.before, event=(reasons.STABLE_LOST, note))
    is_scaled = found.ready or is_reached
    weight = _percent(facts) if is_scaled else facts.before.get("weight", 0)
    status = split_requests.directed(facts, facts.clocked(), weight)
    if not is_scaled:
        status = {**status, "missing": "waiting for the pods of this step"}
        return _go_on(
            facts, status, waits=min([*workload_checks.waits(facts.candidate, found), POLL_SECONDS])
        )
    if "routedAt" not in status:
        return _unrouted(facts, status)
    result = step_evidence.of(facts, status)
    if result.failure:
        return rollback.begin(facts, reasons.GATE_FAILED, result.failure, known=result.known)
    return _advance(facts, result)


def _percent(facts: RolloutFacts) -> int:
    return facts.policy.steps[_number(facts) - 1]


def _number(facts: RolloutFacts) -> int:
    """Of the step, from 1; a commit may have removed steps."""
    return min(int(facts.before.get("step", 1)), len(facts.policy.steps))


def _trouble(facts: RolloutFacts, found: Verdict, *, is_reached: bool) -> tuple[str, str] | None:
    """Why the candidate is refused without a look at its answers: reason and message."""
    is_late = found.reason == reasons.PROGRESS_DEADLINE_EXCEEDED
    if found.stalled and not (is_late and is_reached):  # a pod that is replaced later is not a failure
        return found.reason, found.message
    if facts.before.get("weight", 0) == 0:
        return None
    if not facts.has_ready_candidate:
        return reasons.CANDIDATE_LOST, "found no ready pod of the candidate while it received requests"
    restarted = step_evidence.restarted(facts)
    if restarted:
        return (
            reasons.CANDIDATE_LOST,
            f"found a restarted container in pod {restarted} while it received requests",
        )
    return None


def _unrouted(facts: RolloutFacts, status: Mapping[str, Any]) -> Step:
    """The route does not have the share yet, or never will."""
    split = facts.split
    if split.is_final or facts.is_out_of_time():
        share = f"HTTPRoute: found a weight of {split.percent} % for the candidate"
        why = split.refusal or f"{share}, expected {status['weight']} %"
        found = verdict.stalled(reasons.SPLIT_IMPOSSIBLE, f"{why}; {facts.former.version} is serving")
        return _beside(facts, {**status, "missing": why}, found, _LONGEST_SPLIT_SECONDS)
    missing = split.refusal or "waiting for the Gateway to accept the route"
    return _go_on(facts, {**status, "missing": missing}, waits=rollback.POLL_SECONDS)


def _advance(facts: RolloutFacts, result: Result) -> Step:
    policy, number = facts.policy, _number(facts)
    is_last = number == len(policy.steps)
    status = result.known
    if is_last and (result.has_passed or (result.is_overdue and policy.approved == facts.version)):
        return promotion.permit(facts, status)
    if not is_last and result.may_advance and not policy.pause:
        return enter(facts, status, number + 1)
    if not result.is_overdue:
        state = rollouts.JUDGING if is_last else rollouts.STEPPING
        return _go_on(facts, facts.entered(state, status))
    if is_last and policy.not_enough == rollouts.PROMOTE:
        return promotion.permit(facts, status)
    if is_last and policy.not_enough == rollouts.ROLL_BACK:
        message = f"found too little evidence within {policy.decide_seconds} s: {status['missing']}"
        return rollback.begin(facts, reasons.NOT_ENOUGH_EVIDENCE, message, known=status)
    status = facts.entered(rollouts.HELD, status)
    held = f"rollout of version {facts.version} is held after {policy.decide_seconds} s"
    message = f"{held}: {_progress(facts, status)}"
    if policy.approved:
        message += f"; spec.rollout.approved: found {policy.approved!r}, expected {facts.version!r}"
    found = verdict.stalled(reasons.ROLLOUT_HELD, message)
    return _beside(facts, status, found, POLL_SECONDS)


def _go_on(
    facts: RolloutFacts,
    status: Mapping[str, Any],
    *,
    event: tuple[str, str] | None = None,
    waits: float = POLL_SECONDS,
) -> Step:
    message = f"rollout of version {facts.version}: {_progress(facts, status)}"
    found = Verdict(ready=False, reason=reasons.STEPPING, message=message, reconciling=True)
    if facts.policy.pause:
        found = verdict.stalled(reasons.ROLLOUT_PAUSED, f"{message}; spec.rollout.pause is true")
    return replace(_beside(facts, status, found, waits), event=event)


def _beside(facts: RolloutFacts, status: Mapping[str, Any], found: Verdict, wait: float) -> Step:
    """The candidate goes on beside the stable pods."""
    share = f"{status.get('weight', 0)}% {status['step']}/{len(facts.policy.steps)}"
    status = {**status, "summary": f"{status['state']} {facts.version} {share}"}
    if "missing" in status:  # it may quote a Gateway's controller
        status["missing"] = status["missing"][:_LONGEST_MESSAGE]
    return Step(facts.plan(facts.former, status), RolloutReport(status, found, [wait]))


def _progress(facts: RolloutFacts, status: Mapping[str, Any]) -> str:
    step = f"step {status['step']} of {len(facts.policy.steps)}, {status.get('weight', 0)} % of the requests"
    missing = f", {status['missing']}" if status.get("missing") else ""
    return f"{step}{missing}; {facts.former.version} is the stable version"
