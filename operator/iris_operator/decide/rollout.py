"""One step of a rollout: its facts to a plan, the next `status.rollout`, and what Ready reports. Pure.

rest ─ the spec differs ─► Preparing ─ proven, agrees ─► Promoting ─ proven ─► Promoted
                               └───────── any failure ─────────┴─► RollingBack ─► RolledBack
A withdrawn, superseded or switched off rollout needs no state of its own: nobody is routed to a candidate, so
its objects are just not declared any more. The result is persisted before it is acted on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from iris_api import reasons, rollouts

from iris_operator.decide import agreement_gate, verdict, workload_checks
from iris_operator.decide.facts import WorkloadFacts
from iris_operator.decide.verdict import RolloutReport, Verdict
from iris_operator.model import shape
from iris_operator.model.plan import CANARY, STABLE, Plan, Track
from iris_operator.model.shape import Shape
from iris_operator.model.spec import Rollout
from iris_operator.observe.agreement import Agreement, NoAnswer

_ASK_AGAIN_SECONDS: Final = 2.0
_UNDER_WAY: Final = (rollouts.PREPARING, rollouts.PROMOTING)
_BACK: Final = (rollouts.ROLLING_BACK, rollouts.ROLLED_BACK)


@dataclass(frozen=True, slots=True)
class RolloutFacts:
    """`stable` and `candidate` are of the live Deployments; NOTHING where those are not as planned yet."""

    policy: Rollout | None
    declared: Shape
    fallback: Shape | None  # that the stable pods were built from, or go back to; None: not known
    before: Mapping[str, Any]  # status.rollout
    serving: WorkloadFacts  # the stable Deployment, whatever it runs; of the fallback's version
    promoted: WorkloadFacts  # the same once it is built from the declared shape; of the declared version
    candidate: WorkloadFacts
    agreement: Agreement | NoAnswer | None  # None: not asked
    now: datetime

    @property
    def state(self) -> str:
        return str(self.before.get("state", ""))

    @property
    def is_of_this_shape(self) -> bool:
        """Whether the rollout in the status is one of the declared shape."""
        return bool((self.before.get("candidate") or {}).get("shape") == shape.digest(self.declared))


@dataclass(frozen=True, slots=True)
class Step:
    """`asks`: decide again with the answers to the reference rows."""

    plan: Plan
    report: RolloutReport
    event: tuple[str, str] | None = None  # reason and note
    asks: bool = False


def is_quiet(facts: RolloutFacts) -> bool:
    """Whether `decide` needs no facts about pods."""
    if facts.policy is None or facts.policy.strategy != rollouts.CANARY or facts.fallback is None:
        return True
    if facts.policy.skip == facts.declared.version or facts.declared == facts.fallback:
        return True
    return facts.state == rollouts.PROMOTED and facts.is_of_this_shape


def decide(facts: RolloutFacts) -> Step:
    policy, fallback = facts.policy, facts.fallback
    if policy is None or policy.strategy != rollouts.CANARY or fallback is None:
        return _at_once(facts)
    if facts.state == rollouts.PROMOTED and facts.is_of_this_shape:
        return _at_once(facts, status=facts.before)
    if facts.declared == fallback:
        return _at_once(facts, event=_withdrawn(facts))
    if policy.skip == facts.declared.version:
        note = f"version {facts.declared.version} is not compared: spec.rollout.skip names it"
        return _at_once(facts, event=(reasons.ROLLOUT_SKIPPED, note))
    if facts.state in _BACK and _rejected(facts).get("declaration") == _declaration(facts, policy):
        return _back(facts, fallback, facts.before)
    if facts.state == rollouts.PROMOTING and facts.is_of_this_shape:
        return _promoting(facts, policy, fallback)
    if facts.state == rollouts.PREPARING and facts.is_of_this_shape:
        return _preparing(facts, policy, fallback)
    return _start(facts, fallback)


def _at_once(
    facts: RolloutFacts,
    status: Mapping[str, Any] | None = None,
    event: tuple[str, str] | None = None,
) -> Step:
    return Step(_plan(facts.declared), RolloutReport(status or {}), event)


def _withdrawn(facts: RolloutFacts) -> tuple[str, str] | None:
    if facts.state not in _UNDER_WAY:
        return None
    version = facts.before["candidate"]["version"]
    return reasons.ROLLOUT_WITHDRAWN, f"version {version} is not declared any more"


def _start(facts: RolloutFacts, fallback: Shape) -> Step:
    if _is_lost(facts.serving):
        return _at_once(facts)  # a bad stable version blocks no other
    status = {
        "state": rollouts.PREPARING,
        "summary": f"{rollouts.PREPARING} {facts.declared.version}",
        "candidate": {"version": facts.declared.version, "shape": shape.digest(facts.declared)},
        "stable": {"version": fallback.version},
        "startedAt": _moment(facts.now),
        "since": _moment(facts.now),
    }
    started = f"version {facts.declared.version} is compared with {fallback.version} before it serves"
    verdict = _under_way(facts, fallback, "starting its pods")
    plan = _plan(fallback, candidate=facts.declared)
    report = RolloutReport(status, verdict, _until_deadline(facts))
    return Step(plan, report, (reasons.ROLLOUT_STARTED, started))


def _preparing(facts: RolloutFacts, policy: Rollout, fallback: Shape) -> Step:
    found = workload_checks.judge(facts.candidate)
    if found.stalled:
        return _roll_back(facts, policy, fallback, found.reason, found.message)
    if found.reason == reasons.SCALED_TO_ZERO:
        return _at_once(facts)
    plan = _plan(fallback, candidate=facts.declared)
    if not found.ready:
        waits = workload_checks.waits(facts.candidate, found)
        report = RolloutReport(_clocked(facts), _under_way(facts, fallback, found.message), waits)
        return Step(plan, report)
    if policy.gates.agreement_per_mille == 0 or _nothing_to_compare_with(facts):
        return _promote(facts, fallback, {})
    if facts.agreement is None:
        waiting = _under_way(facts, fallback, "waiting for the stable version to answer")
        return Step(plan, RolloutReport(_clocked(facts), waiting, [_ASK_AGAIN_SECONDS]), asks=True)
    if isinstance(facts.agreement, NoAnswer):
        return _unanswered(facts, policy, fallback, facts.agreement)
    compared = agreement_gate.reported(facts.agreement)
    refusal = agreement_gate.refusal(facts.agreement, policy.gates.agreement_per_mille)
    if refusal:
        return _roll_back(facts, policy, fallback, reasons.AGREEMENT_TOO_LOW, refusal, compared=compared)
    return _promote(facts, fallback, compared)


def _unanswered(facts: RolloutFacts, policy: Rollout, fallback: Shape, answer: NoAnswer) -> Step:
    if facts.candidate.time_left(facts.candidate.workload.progressed_at) <= timedelta(0):
        return _roll_back(facts, policy, fallback, reasons.REFERENCE_ROWS_FAILED, answer.failure)
    waiting = _under_way(facts, fallback, f"waiting for the reference rows: {answer.failure}")
    report = RolloutReport(_clocked(facts), waiting, [_ASK_AGAIN_SECONDS])
    return Step(_plan(fallback, candidate=facts.declared), report)


def _promote(facts: RolloutFacts, fallback: Shape, compared: Mapping[str, Any]) -> Step:
    status = {
        **facts.before,
        **compared,
        "state": rollouts.PROMOTING,
        "summary": f"{rollouts.PROMOTING} {facts.declared.version}",
        "candidate": {**facts.before["candidate"], "digest": _digest(facts.candidate)},
        "since": _moment(facts.now),
    }
    plan = _plan(facts.declared, candidate=facts.declared, fallback=fallback)
    verdict = _under_way(facts, fallback, "its pods replace those of the stable version")
    return Step(plan, RolloutReport(status, verdict, _until_deadline(facts)))


def _promoting(facts: RolloutFacts, policy: Rollout, fallback: Shape) -> Step:
    found = workload_checks.judge(facts.promoted)
    if found.stalled:
        message = f"after the comparison: {found.message}"
        return _roll_back(facts, policy, fallback, found.reason, message)
    if found.reason == reasons.SCALED_TO_ZERO:
        return _at_once(facts)
    if not found.ready:
        waits = workload_checks.waits(facts.promoted, found)
        plan = _plan(facts.declared, candidate=facts.declared, fallback=fallback)
        report = RolloutReport(_clocked(facts), _under_way(facts, fallback, found.message), waits)
        return Step(plan, report)
    expected, digest = facts.before["candidate"].get("digest"), _digest(facts.promoted)
    if digest != expected:
        message = f"found model {digest} in the promoted pods, expected {expected}, which was compared"
        return _roll_back(facts, policy, fallback, reasons.VERSION_MISMATCH, message)
    status = {name: value for name, value in facts.before.items() if name != "since"}
    status |= {"state": rollouts.PROMOTED, "summary": f"{rollouts.PROMOTED} {facts.declared.version}"}
    note = f"version {facts.declared.version} replaces {fallback.version}{_agreed(status)}"
    return _at_once(facts, status, (reasons.ROLLOUT_PROMOTED, note))


def _roll_back(
    facts: RolloutFacts,
    policy: Rollout,
    fallback: Shape,
    reason: str,
    message: str,
    *,
    compared: Mapping[str, Any] | None = None,
) -> Step:
    state = rollouts.ROLLING_BACK if facts.state == rollouts.PROMOTING else rollouts.ROLLED_BACK
    status = {name: value for name, value in facts.before.items() if name != "since"}
    status |= {
        **(compared or {}),
        "state": state,
        "summary": f"{state} {facts.declared.version}",
        "rejected": {
            "version": facts.declared.version,
            "digest": _digest(facts.candidate),
            "declaration": _declaration(facts, policy),
            "reason": reason,
            "message": message[:1024],
            "at": _moment(facts.now),
        },
    }
    return _back(facts, fallback, status)


def _back(facts: RolloutFacts, fallback: Shape, status: Mapping[str, Any]) -> Step:
    if status["state"] == rollouts.ROLLING_BACK and facts.serving.serves_version():
        version = status["rejected"]["version"]
        status = {**status, "state": rollouts.ROLLED_BACK, "summary": f"{rollouts.ROLLED_BACK} {version}"}
    rejected = status["rejected"]
    serves = "serves" if facts.serving.serves_version() else "is on its way back"
    message = (
        f"version {rejected['version']} was rolled back ({rejected['reason']}: {rejected['message']}); "
        f"version {fallback.version} {serves}"
    )
    found = verdict.stalled(reasons.ROLLED_BACK, message)
    return Step(_plan(fallback), RolloutReport(status, found))


def _plan(stable: Shape, candidate: Shape | None = None, fallback: Shape | None = None) -> Plan:
    tracks = (Track(STABLE, stable), *((Track(CANARY, candidate),) if candidate else ()))
    return Plan(tracks, fallback=fallback)


def _under_way(facts: RolloutFacts, fallback: Shape, message: str) -> Verdict:
    return verdict.progressing(
        f"rollout of version {facts.declared.version}: {message}; {fallback.version} is the stable version"
    )


def _clocked(facts: RolloutFacts) -> Mapping[str, Any]:
    """Restart the clock of the state after a suspension."""
    return facts.before if "since" in facts.before else {**facts.before, "since": _moment(facts.now)}


def _until_deadline(facts: RolloutFacts) -> list[float]:
    """Of a state that begins now: no event comes if no controller acts."""
    return [facts.candidate.deadline.total_seconds() + 0.1]


def _is_lost(serving: WorkloadFacts) -> bool:
    """No pod serves users: there is nothing to protect."""
    state = serving.workload
    newest_is_down = bool(state.newest) and not any(pod.ready for pod in state.newest)
    return state.seen and (state.ready == 0 or newest_is_down)


def _nothing_to_compare_with(facts: RolloutFacts) -> bool:
    return facts.serving.workload.seen and facts.serving.workload.ready == 0


def _rejected(facts: RolloutFacts) -> Mapping[str, Any]:
    return facts.before.get("rejected") or {}


def _declaration(facts: RolloutFacts, policy: Rollout) -> str:
    """Of all that a rejection depends on: a change of the gates is a reason to try again."""
    return f"{shape.digest(facts.declared)}-{policy.gates.agreement_per_mille}"


def _digest(workload: WorkloadFacts) -> str:
    return next((proof.digest for proof in workload.proofs.values() if proof.digest), "")


def _agreed(status: Mapping[str, Any]) -> str:
    found = status.get("agreement")
    return f": they agree on {found['agree']} of {found['rows']} reference rows" if found else ""


def _moment(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")
