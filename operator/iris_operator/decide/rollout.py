"""One step of a rollout: its facts to a plan, the next `status.rollout`, and what Ready reports. Pure.

rest ─ the spec differs ─► Preparing ─ proven, agrees ─► Stepping ─► Judging ─► Promoting ─► Promoted
                               └──────── any failure ───────┴───────────┴───────────┴─► RolledBack
Held and AwaitingApproval are before Promoting and lead back by themselves or by a commit.
Without `steps` nobody is routed to a candidate before it is promoted. A withdrawn, superseded or switched off
rollout needs no state of its own, but the candidate first loses its requests. The result is persisted before
it is acted on.
"""

from dataclasses import replace
from typing import Any, Final

from iris_api import reasons, rollouts

from iris_operator.decide import (
    agreement_gate,
    candidates,
    promotion,
    rollback,
    split_requests,
    stepping,
    workload_checks,
)  # fmt: skip
from iris_operator.decide.facts import WorkloadFacts
from iris_operator.decide.rollout_facts import RolloutFacts, Step, alone
from iris_operator.decide.verdict import RolloutReport
from iris_operator.model import shape
from iris_operator.observe.agreement import NoAnswer

_ASK_AGAIN_SECONDS: Final = 2.0
_IN_STEPS: Final = (rollouts.STEPPING, rollouts.JUDGING, rollouts.HELD, rollouts.AWAITING_APPROVAL)
_WAITING: Final = (rollouts.HELD, rollouts.AWAITING_APPROVAL)
_UNDER_WAY: Final = (rollouts.PREPARING, rollouts.PROMOTING, *_IN_STEPS)
_BACK: Final = (rollouts.ROLLING_BACK, rollouts.ROLLED_BACK)


def is_quiet(facts: RolloutFacts) -> bool:
    """Whether `decide` needs no facts about pods."""
    if facts.is_split:
        return False
    if not facts.policy.is_canary or facts.fallback is None or facts.declared == facts.fallback:
        return True
    if facts.policy.skip == facts.version:
        return True
    return facts.state == rollouts.PROMOTED and facts.is_of_this_shape


def decide(facts: RolloutFacts) -> Step:
    if facts.is_split and not _goes_on(facts):
        if not split_requests.is_drained(facts):
            return rollback.drain(facts)
        facts = replace(facts, before=split_requests.forgotten(facts.before))
    if not facts.policy.is_canary or facts.fallback is None:
        return _at_once(facts)
    if facts.state == rollouts.PROMOTED and facts.is_of_this_shape:
        return Step(alone(facts.declared), RolloutReport(facts.before))
    if facts.declared == facts.fallback:
        return _at_once(facts, event=_withdrawn(facts))
    if facts.policy.skip == facts.version:
        note = f"version {facts.version} is not compared: spec.rollout.skip names it"
        return _at_once(facts, event=(reasons.ROLLOUT_SKIPPED, note))
    if _is_refused(facts):
        return rollback.back(facts, facts.before)
    return _of_this_shape(facts) if facts.is_of_this_shape else _start(facts)


def _of_this_shape(facts: RolloutFacts) -> Step:
    if facts.state == rollouts.PROMOTING:
        return promotion.promoting(facts)
    if facts.is_split or (facts.state in _IN_STEPS and "step" in facts.before and _has_steps(facts)):
        return stepping.decide(facts)
    if facts.state in _WAITING:
        return _waiting(facts)
    return _preparing(facts) if facts.state == rollouts.PREPARING else _start(facts)


def _goes_on(facts: RolloutFacts) -> bool:
    """Whether the rollout whose candidate has requests is still the declared one."""
    is_declared = (
        facts.policy.is_canary
        and facts.fallback is not None
        and facts.policy.skip != facts.version
        and facts.declared != facts.fallback
        and facts.is_of_this_shape
    )
    if facts.state in _BACK:
        return is_declared and _is_refused(facts)
    return is_declared and (facts.state == rollouts.PROMOTING or _has_steps(facts))


def _has_steps(facts: RolloutFacts) -> bool:
    return bool(facts.policy.steps) and facts.stable_replicas > 0


def _is_refused(facts: RolloutFacts) -> bool:
    rejected = facts.before.get("rejected") or {}
    return facts.state in _BACK and rejected.get("declaration") == candidates.declaration(
        facts.policy, facts.declared
    )


def _at_once(facts: RolloutFacts, event: tuple[str, str] | None = None) -> Step:
    return Step(alone(facts.declared), RolloutReport({}), event)


def _withdrawn(facts: RolloutFacts) -> tuple[str, str] | None:
    is_drained = facts.state == rollouts.ROLLING_BACK and "rejected" not in facts.before
    if facts.state not in _UNDER_WAY and not is_drained:
        return None
    version = facts.before["candidate"]["version"]
    return reasons.ROLLOUT_WITHDRAWN, f"version {version} is no longer declared"


def _start(facts: RolloutFacts) -> Step:
    if _is_lost(facts.serving):
        return _at_once(facts)  # a bad stable version blocks no other
    candidate: dict[str, Any] = {"version": facts.version, "shape": shape.digest(facts.declared)}
    if facts.policy.steps:
        candidate["replicas"] = candidates.replicas(facts.stable_replicas, facts.policy.steps[0])
    status = {
        "state": rollouts.PREPARING,
        "summary": f"{rollouts.PREPARING} {facts.version}",
        "candidate": candidate,
        "stable": facts.stable_version(),
        "startedAt": facts.moment,
        "since": facts.moment,
    }
    started = f"version {facts.version} is compared with {facts.former.version} before it serves"
    if ignored := candidates.ignored(facts.policy, facts.version):
        started += f"; {ignored}"
    plan = facts.plan(facts.former, status)
    report = RolloutReport(status, facts.under_way("starting its pods"), facts.until_deadline())
    return Step(plan, report, (reasons.ROLLOUT_STARTED, started))


def _preparing(facts: RolloutFacts) -> Step:
    found = workload_checks.judge(facts.candidate)
    if found.stalled:
        return rollback.begin(facts, found.reason, found.message)
    if found.reason == reasons.SCALED_TO_ZERO:
        return _at_once(facts)
    if not found.ready:
        return _wait(facts, found.message, *workload_checks.waits(facts.candidate, found))
    gate = facts.policy.gates.agreement_per_mille
    is_alone = facts.serving.workload.seen and facts.serving.workload.ready == 0
    if is_alone:
        return promotion.begin(facts, facts.before)
    if gate == 0:
        return _compared(facts, facts.before)
    if facts.agreement is None:
        return replace(
            _wait(facts, "waiting for the answers to the reference rows", _ASK_AGAIN_SECONDS), asks=True
        )
    if isinstance(facts.agreement, NoAnswer):
        if facts.is_out_of_time():
            return rollback.begin(facts, reasons.REFERENCE_ROWS_FAILED, facts.agreement.failure)
        return _wait(
            facts,
            f"waiting for the answers to the reference rows: {facts.agreement.failure}",
            _ASK_AGAIN_SECONDS,
        )
    compared = agreement_gate.reported(facts.agreement)
    refusal = agreement_gate.refusal(facts.agreement, gate)
    if refusal:
        return rollback.begin(facts, reasons.AGREEMENT_TOO_LOW, refusal, known=compared)
    return _compared(facts, {**facts.before, **compared})


def _compared(facts: RolloutFacts, status: Any) -> Step:
    return stepping.enter(facts, status, 1) if _has_steps(facts) else promotion.permit(facts, status)


def _waiting(facts: RolloutFacts) -> Step:
    """For a commit, beside stable pods that have all requests."""
    found = workload_checks.judge(facts.candidate)
    if found.stalled and found.reason != reasons.PROGRESS_DEADLINE_EXCEEDED:
        return rollback.begin(facts, found.reason, found.message)
    if found.reason == reasons.SCALED_TO_ZERO:
        return _at_once(facts)
    if not found.ready and not promotion.is_waiting(facts):
        return _prepared_anew(facts)
    return _compared(facts, facts.before)


def _prepared_anew(facts: RolloutFacts) -> Step:
    """Its pods were lost while it waited: they start within a deadline that begins now, and are compared."""
    status = facts.entered(rollouts.PREPARING, facts.before)
    found = facts.under_way("starting its pods again")
    return Step(facts.plan(facts.former, status), RolloutReport(status, found, facts.until_deadline()))


def _wait(facts: RolloutFacts, message: str, *waits: float) -> Step:
    status = facts.clocked()
    return Step(facts.plan(facts.former, status), RolloutReport(status, facts.under_way(message), waits))


def _is_lost(serving: WorkloadFacts) -> bool:
    """No pod serves users: there is nothing to protect."""
    state = serving.workload
    newest_is_down = bool(state.newest) and not any(pod.ready for pod in state.newest)
    return state.seen and (state.ready == 0 or newest_is_down)
