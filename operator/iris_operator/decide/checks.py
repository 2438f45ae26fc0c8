"""Facts to verdict: whether an IrisModel is Ready, and if not, why and for how long. Pure.

CHECKS is the specification: the first check that has something to say decides Ready, Reconciling and Stalled.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from iris_operator import errors, reasons
from iris_operator.observe import workload
from iris_operator.observe.proof import DOUBT_SECONDS, Proof
from iris_operator.observe.workload import Pod, Workload

PULL_PATIENCE: Final = timedelta(seconds=30)
CRASH_RESTARTS: Final = 3
_PROOF_RETRY_SECONDS: Final = 2.0
_REFUSAL_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a status is made of."""

    generation: int
    version: str  # the declared one
    suspended: bool
    fault: errors.Invalid | None
    failures: tuple[errors.ChildFailure, ...]
    workload: Workload
    proofs: Mapping[str, Proof]  # by pod uid, of every ready pod
    selector: str
    url: str
    routed: bool  # a route is declared and applied
    uninstalled: tuple[str, ...]  # kinds that monitoring needs and the cluster does not have
    monitored: bool  # all that monitoring needs is applied
    source: Mapping[str, str]  # the revision that asked for the version, empty when nobody knows
    now: datetime

    def serves_declared(self) -> bool:
        """Rolled out, and every ready pod of the newest ReplicaSet has proven the declared version."""
        ready = [pod for pod in self.workload.newest if pod.ready]
        return (
            self.workload.complete
            and 0 < self.workload.wanted <= len(ready)
            and all(self.proof_of(pod.uid).version == self.version for pod in ready)
        )

    def proof_of(self, uid: str) -> Proof:
        return self.proofs.get(uid, Proof(failure="not asked yet"))


@dataclass(frozen=True, slots=True)
class Verdict:
    ready: bool
    reason: str
    message: str
    reconciling: bool = False
    stalled: bool = False


def _stalled(reason: str, message: str) -> Verdict:
    return Verdict(ready=False, reason=reason, message=message, stalled=True)


def _progressing(message: str) -> Verdict:
    return Verdict(ready=False, reason=reasons.PROGRESSING, message=message, reconciling=True)


def _suspended(facts: Facts) -> Verdict | None:
    if not facts.suspended:
        return None
    state = "serves" if facts.serves_declared() else "does not serve"
    message = f"suspended: children are left as they are; {state} the declared version {facts.version}"
    return Verdict(ready=facts.serves_declared(), reason=reasons.SUSPENDED, message=message)


def _at_fault(facts: Facts) -> Verdict | None:
    return _stalled(facts.fault.reason, facts.fault.message) if facts.fault else None


def _child_failed(facts: Facts) -> Verdict | None:
    failure = failure_of(facts, "Ready")
    if failure is None:
        return None
    return Verdict(
        ready=False,
        reason=failure.reason,
        message=failure.message,
        reconciling=not failure.is_final,
        stalled=failure.is_final,
    )


def failure_of(facts: Facts, condition: str) -> errors.ChildFailure | None:
    return next((failure for failure in facts.failures if failure.condition == condition), None)


def _artifact_rejected(facts: Facts) -> Verdict | None:
    for pod in facts.workload.newest:
        if workload.refused_artifact(pod):
            return _stalled(reasons.ARTIFACT_REJECTED, f"pod {pod.name}: {pod.exit_message}")
    return None


def _image_pull_failed(facts: Facts) -> Verdict | None:
    for pod in facts.workload.newest:
        patience = _patience_left(facts, pod)
        if patience is not None and patience <= timedelta(0):
            return _stalled(
                reasons.IMAGE_PULL_FAILED, f"pod {pod.name}: {pod.waiting_reason}: {pod.waiting_message}"
            )
    return None


def _pods_crashing(facts: Facts) -> Verdict | None:
    for pod in facts.workload.newest:
        if workload.crashing(pod, CRASH_RESTARTS):
            ended = (
                f"exit code {pod.exit_code}: {pod.exit_message}" if pod.exit_code is not None else "not ready"
            )
            return _stalled(reasons.PODS_CRASHING, f"pod {pod.name}: {pod.restarts} restarts, {ended}")
    return None


def _version_mismatch(facts: Facts) -> Verdict | None:
    answers = [
        (pod.name, proof)
        for pod in facts.workload.newest
        if pod.ready and not (proof := facts.proof_of(pod.uid)).failure
    ]
    for name, proof in answers:
        if proof.version != facts.version:
            found = f"found model version {proof.version}, expected {facts.version}"
            return _stalled(reasons.VERSION_MISMATCH, f"pod {name}: {found}")
    digests = {proof.digest for _, proof in answers}
    if len(digests) > 1:
        found = f"found {len(digests)} different models ({', '.join(sorted(digests))}), expected one"
        return _stalled(reasons.VERSION_MISMATCH, f"pods that all say version {facts.version}: {found}")
    return None


def _deadline_exceeded(facts: Facts) -> Verdict | None:
    if not facts.workload.deadline_exceeded:
        return None
    message = f"no progress within spec.progressDeadlineSeconds; {_count(facts)}{_trouble(facts)}"
    return _stalled(reasons.PROGRESS_DEADLINE_EXCEEDED, message)


def _scaled_to_zero(facts: Facts) -> Verdict | None:
    if not facts.workload.complete or facts.workload.wanted:
        return None
    return Verdict(
        ready=False, reason=reasons.SCALED_TO_ZERO, message="no pod is asked for, so nothing serves"
    )


def _rolling_out(facts: Facts) -> Verdict | None:
    if not facts.workload.seen:
        return _progressing("waiting for the Deployment controller")
    if not facts.workload.complete:
        return _progressing(f"{_count(facts)}{_trouble(facts)}")
    return None


def _unproven(facts: Facts) -> Verdict | None:
    if facts.serves_declared():
        return None
    failures = [proof.failure for pod in facts.workload.newest if (proof := facts.proof_of(pod.uid)).failure]
    detail = failures[0] if failures else "not every pod has been seen"
    return _progressing(f"waiting for the pods to prove version {facts.version}: {detail}")


def _serving(facts: Facts) -> Verdict:
    message = f"{facts.workload.wanted} of {facts.workload.wanted} pods prove version {facts.version}"
    return Verdict(ready=True, reason=reasons.SERVING, message=message)


CHECKS: Final[tuple[Callable[[Facts], Verdict | None], ...]] = (
    _at_fault,  # the spec or a name is refused: nothing below can come true
    _suspended,  # a person said: hands off
    _child_failed,  # serving needs it: what runs is not what is declared
    _artifact_rejected,  # will not get better by waiting
    _image_pull_failed,  # might, but has not for 30 s
    _pods_crashing,  # has had three tries
    _version_mismatch,  # ready, and wrong
    _deadline_exceeded,  # Kubernetes itself gave up waiting
    _scaled_to_zero,
    _rolling_out,
    _unproven,  # Kubernetes is content; the pods have not said so yet
    _serving,
)


def judge(facts: Facts) -> Verdict:
    """The first word among CHECKS."""
    return next(verdict for check in CHECKS if (verdict := check(facts)) is not None)


def look_again(facts: Facts, verdict: Verdict) -> float | None:
    """Seconds after which the verdict may change without any event, or None."""
    waits = [
        patience.total_seconds() + 0.1
        for pod in facts.workload.newest
        if (patience := _patience_left(facts, pod)) is not None and patience > timedelta(0)
    ]
    if any(proof.failure for proof in facts.proofs.values()):
        waits.append(_PROOF_RETRY_SECONDS)
    if any(isinstance(failure.cause, errors.Invalid) for failure in facts.failures):
        waits.append(_REFUSAL_SECONDS)  # what was in the way may have gone: no watch covers it
    if verdict.reason == reasons.VERSION_MISMATCH:  # a reload tells nobody but who asks
        waits.append(DOUBT_SECONDS)
    return None if verdict.stalled and not waits else min(waits, default=None)


def _patience_left(facts: Facts, pod: Pod) -> timedelta | None:
    if not workload.cannot_pull(pod) or pod.scheduled_at is None:
        return None
    return pod.scheduled_at + PULL_PATIENCE - facts.now


def _count(facts: Facts) -> str:
    state = facts.workload
    ready = f"{sum(pod.ready for pod in state.newest)} of {state.wanted}"
    if state.rolled_out:
        return f"{ready} pods of version {facts.version} ready"
    older = max(state.replicas - state.updated, 0)
    left = f", {older} older pod{'s' * (older > 1)} left" if older else ""
    return f"rolling out version {facts.version}: {ready} new pods ready{left}"


def _trouble(facts: Facts) -> str:
    if facts.workload.refusal:
        return f"; pods cannot be created: {facts.workload.refusal}"
    for pod in facts.workload.newest:
        cause = "" if pod.ready else _cause(pod)
        if cause:
            return f"; pod {pod.name}: {cause}"
    return ""


def _cause(pod: Pod) -> str:
    # How the container ended comes before the back-off that follows: that only counts seconds.
    if pod.exit_code is not None and pod.waiting_reason in ("", "CrashLoopBackOff"):
        return f"exit code {pod.exit_code}: {pod.exit_message}"
    return f"{pod.waiting_reason}: {pod.waiting_message}" if pod.waiting_message else ""
