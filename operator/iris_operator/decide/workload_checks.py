"""Decides from one workload's facts whether it serves its version, and if not, why. Pure.

WORKLOAD_CHECKS is the specification: the first check with a verdict decides.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from iris_api import reasons

from iris_operator.decide import verdict
from iris_operator.decide.facts import WorkloadFacts
from iris_operator.decide.verdict import Verdict
from iris_operator.observe import causes, image_volumes, workload
from iris_operator.observe.proof import DOUBT_SECONDS
from iris_operator.observe.workload import Pod

PULL_PATIENCE: Final = timedelta(seconds=30)
CRASH_RESTARTS: Final = 3
_PROOF_RETRY_SECONDS: Final = 2.0


def _artifact_not_mounted(facts: WorkloadFacts) -> Verdict | None:
    if facts.workload.lacks_image_volume:
        found = "the Deployment: the API server has dropped the volume with the model's image"
        expected = "one that mounts images (Kubernetes 1.36)"
        return verdict.stalled(reasons.ARTIFACT_NOT_MOUNTED, f"{found}, expected {expected}")
    for pod in facts.workload.newest:
        if not pod.ready and image_volumes.is_unmounted(pod.waiting_reason, pod.waiting_message):
            found = f"pod {pod.name}: {pod.waiting_reason}: {pod.waiting_message}"
            return verdict.stalled(reasons.ARTIFACT_NOT_MOUNTED, found)
        if workload.refused_artifact(pod) and image_volumes.is_empty(pod.exit_message):
            return verdict.stalled(reasons.ARTIFACT_NOT_MOUNTED, f"pod {pod.name}: {pod.exit_message}")
    return None


def _artifact_rejected(facts: WorkloadFacts) -> Verdict | None:
    for pod in facts.workload.newest:
        if workload.refused_artifact(pod):
            reason = workload.refused_signature(pod) or reasons.ARTIFACT_REJECTED
            return verdict.stalled(reason, f"pod {pod.name}: {pod.exit_message}")
    return None


def _server_too_old(facts: WorkloadFacts) -> Verdict | None:
    for pod in facts.workload.newest:
        if option := workload.unknown_option(pod):
            found = f"pod {pod.name}: found a server of a release without {option}, which does not start"
            return verdict.stalled(reasons.SERVER_TOO_OLD, f"{found}; expected a newer image")
    return None


def _image_pull_failed(facts: WorkloadFacts) -> Verdict | None:
    for pod in facts.workload.newest:
        patience = _patience_left(facts, pod)
        if patience is not None and patience <= timedelta(0):
            return verdict.stalled(
                reasons.IMAGE_PULL_FAILED, f"pod {pod.name}: {pod.waiting_reason}: {pod.waiting_message}"
            )
    return None


def _pods_crashing(facts: WorkloadFacts) -> Verdict | None:
    for pod in facts.workload.newest:
        if workload.crashing(pod, CRASH_RESTARTS):
            ended = (
                f"exit code {pod.exit_code}: {pod.exit_message}" if pod.exit_code is not None else "not ready"
            )
            return verdict.stalled(reasons.PODS_CRASHING, f"pod {pod.name}: {pod.restarts} restarts, {ended}")
    return None


def _version_mismatch(facts: WorkloadFacts) -> Verdict | None:
    answers = [
        (pod.name, proof)
        for pod in facts.workload.newest
        if pod.ready and not (proof := facts.proof_of(pod.uid)).failure
    ]
    for name, proof in answers:
        if proof.version != facts.version:
            found = f"found model version {proof.version}, expected {facts.version}"
            return verdict.stalled(reasons.VERSION_MISMATCH, f"pod {name}: {found}")
    digests = {proof.digest for _, proof in answers}
    if len(digests) > 1:
        found = f"found {len(digests)} different models ({', '.join(sorted(digests))}), expected one"
        return verdict.stalled(reasons.VERSION_MISMATCH, f"pods of version {facts.version}: {found}")
    return None


def _deadline_exceeded(facts: WorkloadFacts) -> Verdict | None:
    pending = _rolling_out(facts) or _unproven(facts) or _older_pods_answer(facts)
    if pending is None or not (facts.workload.deadline_exceeded or _deadline_left(facts) <= timedelta(0)):
        return None
    passing = "" if trouble(facts) else trouble(facts, passing=True)
    return verdict.out_of_time(f"{pending.message}{passing}")


def _scaled_to_zero(facts: WorkloadFacts) -> Verdict | None:
    if not facts.workload.complete or facts.workload.wanted:
        return None
    return Verdict(
        ready=False, reason=reasons.SCALED_TO_ZERO, message="the Deployment has 0 replicas, so nothing serves"
    )


def _rolling_out(facts: WorkloadFacts) -> Verdict | None:
    if not facts.workload.seen:
        return verdict.progressing("waiting for the Deployment controller")
    if not facts.workload.complete:
        return verdict.progressing(f"{_count(facts)}{trouble(facts)}")
    return None


def _unproven(facts: WorkloadFacts) -> Verdict | None:
    if facts.proves_version():
        return None
    failures = [proof.failure for pod in facts.workload.newest if (proof := facts.proof_of(pod.uid)).failure]
    detail = failures[0] if failures else "not every new pod is known yet"
    return verdict.progressing(f"waiting for the pods to prove version {facts.version}: {detail}")


def _older_pods_answer(facts: WorkloadFacts) -> Verdict | None:
    older = facts.answering_older()
    if not older:
        return None
    versions = " and ".join(sorted({pod.version for pod in older if pod.version} - {facts.version}))
    of_what = f"the pods of version {versions}" if versions else "the older pods"
    return verdict.progressing(f"waiting until the routers have dropped {of_what}")


def _serving(facts: WorkloadFacts) -> Verdict:
    message = f"{facts.workload.wanted} of {facts.workload.wanted} pods prove version {facts.version}"
    return Verdict(ready=True, reason=reasons.SERVING, message=message)


WORKLOAD_CHECKS: Final[tuple[Callable[[WorkloadFacts], Verdict | None], ...]] = (
    _artifact_not_mounted,  # waiting does not help
    _artifact_rejected,  # nor here
    _server_too_old,
    _image_pull_failed,  # waiting may help, but has not for 30 s
    _pods_crashing,  # has had three tries
    _version_mismatch,  # ready, but another version
    _scaled_to_zero,
    _deadline_exceeded,  # by the Deployment's clock, or by ours where it runs none
    _rolling_out,
    _unproven,  # the Deployment is complete, the pods have not proven the version yet
    _older_pods_answer,  # the pods have proven it, and a client may still reach another version
    _serving,
)


def judge(facts: WorkloadFacts) -> Verdict:
    """The first verdict of WORKLOAD_CHECKS."""
    return next(found for check in WORKLOAD_CHECKS if (found := check(facts)) is not None)


def waits(facts: WorkloadFacts, found: Verdict) -> list[float]:
    """Seconds after which the verdict may change without any event."""
    seconds = [
        patience.total_seconds() + 0.1
        for pod in facts.workload.newest
        if (patience := _patience_left(facts, pod)) is not None and patience > timedelta(0)
    ]
    if any(proof.failure for proof in facts.proofs.values()):
        seconds.append(_PROOF_RETRY_SECONDS)
    if found.reconciling:
        seconds.append(_deadline_left(facts).total_seconds() + 0.1)
    if not found.ready:
        ends = (pod.terminating_since for pod in facts.answering_older())
        seconds += [(end + facts.settle - facts.now).total_seconds() + 0.1 for end in ends if end is not None]
    if found.reason == reasons.VERSION_MISMATCH:  # a reload is no event
        seconds.append(DOUBT_SECONDS)
    return seconds


def _patience_left(facts: WorkloadFacts, pod: Pod) -> timedelta | None:
    if not workload.cannot_pull(pod) or pod.scheduled_at is None:
        return None
    return pod.scheduled_at + PULL_PATIENCE - facts.now


def _deadline_left(facts: WorkloadFacts) -> timedelta:
    """The Deployment's own clock stands still when it scales up or goes back to an existing ReplicaSet."""
    return facts.time_left(facts.workload.progressed_at)


def _count(facts: WorkloadFacts) -> str:
    state = facts.workload
    ready = f"{sum(pod.ready for pod in state.newest)} of {state.wanted}"
    if state.rolled_out:
        return f"{ready} pods of version {facts.version} ready"
    older = max(state.replicas - state.updated, 0)
    left = f", {older} older pod{'s' * (older > 1)} left" if older else ""
    return f"rolling out version {facts.version}: {ready} new pods ready{left}"


def trouble(facts: WorkloadFacts, *, passing: bool = False) -> str:
    """The nearest cause. One that every rollout has for a moment is not worth a write of the status."""
    found = next(causes.of(facts.workload), None)
    return "" if found is None or (found.is_passing and not passing) else f"; {found.text}"
