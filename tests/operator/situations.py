"""Facts of every situation that a status tells of, from what Kubernetes and the pods say."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from iris_api import reasons
from iris_operator import errors
from iris_operator.children.report import Report
from iris_operator.decide import verdict
from iris_operator.decide.facts import Facts, Part, WorkloadFacts
from iris_operator.decide.verdict import RolloutReport, Verdict
from iris_operator.observe import workload
from iris_operator.observe.proof import Proof

from tests.operator import workload_bodies
from tests.operator.workload_bodies import deployment, ended, pod, terminating, waiting

NOW: Final = datetime(2026, 11, 23, 12, 0, 40, tzinfo=UTC)  # 40 s after the pods were scheduled
DIGEST: Final = "sha256:" + "d" * 64
GOOD: Final = Proof("1.4.0", DIGEST)
OLD: Final = Proof("1.3.0", "sha256:" + "c" * 64)
BOTH: Final = (pod("iris-2-a"), pod("iris-2-b"))
BEFORE: Final = pod("iris-1-a", revision=1, labels={"app.kubernetes.io/version": "1.3.0"})


def facts(
    live: Mapping[str, Any] | None = None,
    pods: Iterable[Mapping[str, Any]] = BOTH,
    proofs: Mapping[str, Proof] | None = None,
    since: datetime | None = None,
    **changes: Any,
) -> Facts:
    """Two pods that prove version 1.4.0, until a test changes it; `proofs` by pod name."""
    known = deployment() if live is None else live
    replica_sets = [workload_bodies.replica_set(1), workload_bodies.replica_set(2)]
    answers = {"iris-2-a": GOOD, "iris-2-b": GOOD} if proofs is None else proofs
    given: dict[str, Any] = {
        "generation": 2,
        "version": "1.4.0",
        "suspended": False,
        "fault": None,
        "failures": (),
        "parts": (),
        "selector": "app.kubernetes.io/name=iris-server",
        "url": "http://iris.kube.two.inc",
        "missing_class": "",
        "pickle": "Allow",
        "source": {},
        "now": NOW,
        **changes,
    }
    proven = {f"uid-of-{name}": proof for name, proof in answers.items()}
    seen = workload.observe(known, replica_sets, pods) if known else workload.NOTHING
    clock = {"deadline": timedelta(seconds=600), "waiting_since": since, "now": given["now"]}
    return Facts(**given, stable=WorkloadFacts(given["version"], seen, proven, **clock))


def routed() -> Part:
    report = Report(True, reasons.ROUTE_APPLIED, "the Ingress routes http://iris.kube.two.inc")
    return Part("RouteReady", "", ("Ingress",), (), "", is_applied=True, report=report)


def monitored(*missing: str) -> Part:
    named = ("ServiceMonitor", "PrometheusRule")
    api = "the CRDs of Prometheus Operator"
    return Part("MonitoringReady", reasons.MONITORING_APPLIED, named, missing, api, is_applied=not missing)


def rolling(
    *new: Mapping[str, Any], progress: str = "ReplicaSetUpdated", refusal: str = "", **changes: Any
) -> Facts:
    """One old pod serves on while these new ones come; `refusal` is why none can be created."""
    changed: dict[str, Any] = {"progress": progress} | ({"refusal": refusal} if refusal else {})
    live = deployment(updated=len(new), total=1 + len(new), available=1, **changed)
    return facts(live, [BEFORE, *new], {"iris-1-a": OLD}, **changes)


def fault(reason: str) -> errors.Invalid:
    return errors.Invalid(reason, f"the message of {reason}")


def failure(condition: str, reason: str, *, is_final: bool = True) -> errors.ChildFailure:
    cause = errors.ClusterError(403, "not here")
    return errors.ChildFailure(condition, reason, f"{condition}: 403 not here", is_final, cause)


def leaving(seconds: float, *, grace: int = 40) -> Mapping[str, Any]:
    """The older pod, whose termination began so long before NOW."""
    until = NOW - timedelta(seconds=seconds) + timedelta(seconds=grace)
    return terminating(BEFORE, until.isoformat(), grace=grace)


def unready(**changes: Any) -> dict[str, Any]:
    return pod("iris-2-a", ready=False, **changes)


# A pod template that reads a mounted model and has no volume with it.
DROPPED: Final = {
    "spec": {"containers": [{"env": [{"name": "IRIS_ARTIFACT_DIR", "value": "/etc/iris/artifact"}]}]}
}

# What happens, Ready, Reconciling, Stalled, the reason.
SITUATIONS: Final[Mapping[str, tuple[Facts, bool, bool, bool, str]]] = {
    "no deployment yet": (
        facts({}, pods=(), proofs={}),
        False,
        True,
        False,
        "Progressing",
    ),
    "not acted on yet": (facts(deployment(observed=1)), False, True, False, "Progressing"),
    "rolling out": (rolling(unready()), False, True, False, "Progressing"),
    "rolled out, not asked yet": (facts(proofs={}), False, True, False, "Progressing"),
    "rolled out, one does not answer": (
        facts(proofs={"iris-2-a": GOOD, "iris-2-b": Proof(failure="pod iris-2-b: refused")}),
        False,
        True,
        False,
        "Progressing",
    ),
    "rolled out, one pod not seen": (
        facts(pods=BOTH[:1], proofs={"iris-2-a": GOOD}),
        False,
        True,
        False,
        "Progressing",
    ),
    "every pod proves it": (facts(), True, False, False, "Serving"),
    "rolled out, the older pod not seen to terminate": (
        facts(pods=[*BOTH, BEFORE]),
        False,
        True,
        False,
        "Progressing",
    ),
    "rolled out, the older pod has just begun to terminate": (
        facts(pods=[*BOTH, leaving(1)]),
        False,
        True,
        False,
        "Progressing",
    ),
    "rolled out, the older pod has terminated for long": (
        facts(pods=[*BOTH, leaving(20)]),
        True,
        False,
        False,
        "Serving",
    ),
    "suspended, the older pod has just begun to terminate": (
        facts(pods=[*BOTH, leaving(1)], suspended=True),
        False,
        False,
        False,
        "Suspended",
    ),
    "an older pod that nobody deletes, for longer than the deadline": (
        facts(pods=[*BOTH, BEFORE], since=NOW - timedelta(seconds=600)),
        False,
        False,
        True,
        "ProgressDeadlineExceeded",
    ),
    "an old crash, all ready": (
        facts(pods=[pod("iris-2-a", restarts=7, last=ended(1)), BOTH[1]]),
        True,
        False,
        False,
        "Serving",
    ),
    "a rollout was refused": (
        facts(rollout=RolloutReport({}, verdict.stalled(reasons.ROLLED_BACK, "1.5.0 was rolled back"))),
        False,
        False,
        True,
        "RolledBack",
    ),
    "a rollout waits for an approval": (
        facts(rollout=RolloutReport({}, verdict.stalled(reasons.AWAITING_APPROVAL, "1.5.0 has passed"))),
        False,
        False,
        True,
        "AwaitingApproval",
    ),
    "a rollout is at a step": (
        facts(
            rollout=RolloutReport(
                {}, Verdict(ready=False, reason=reasons.STEPPING, message="10 %", reconciling=True)
            )
        ),
        False,
        True,
        False,
        "Stepping",
    ),
    "a rollout waits for more requests": (
        facts(rollout=RolloutReport({}, verdict.stalled(reasons.ROLLOUT_HELD, "too few requests"))),
        False,
        False,
        True,
        "RolloutHeld",
    ),
    "a route that cannot split requests": (
        facts(rollout=RolloutReport({}, verdict.stalled(reasons.SPLIT_IMPOSSIBLE, "no route"))),
        False,
        False,
        True,
        "SplitImpossible",
    ),
    "a rollout is paused": (
        facts(rollout=RolloutReport({}, verdict.stalled(reasons.ROLLOUT_PAUSED, "1.5.0 has passed"))),
        False,
        False,
        True,
        "RolloutPaused",
    ),
    "a rollout has ended": (facts(rollout=RolloutReport({})), True, False, False, "Serving"),
    "image not there, 40 s": (
        rolling(unready(state=waiting("ImagePullBackOff"))),
        False,
        False,
        True,
        "ImagePullFailed",
    ),
    "image not there, 29 s": (
        rolling(unready(state=waiting("ErrImagePull")), now=NOW.replace(second=29)),
        False,
        True,
        False,
        "Progressing",
    ),
    "image not there, 30 s": (
        rolling(unready(state=waiting("ErrImagePull")), now=NOW.replace(second=30)),
        False,
        False,
        True,
        "ImagePullFailed",
    ),
    "artifact refused": (
        rolling(unready(state=ended(65, "artifact refused: version"))),
        False,
        False,
        True,
        "ArtifactRejected",
    ),
    "a server that has no access keys": (
        rolling(
            unready(
                last=ended(2, "iris-model-server: error: unrecognized arguments: --management-port 8001"),
                state=workload_bodies.waiting("CrashLoopBackOff"),
                restarts=5,
            )
        ),
        False,
        False,
        True,
        "ServerTooOld",
    ),
    "a server that verifies no signature": (
        rolling(
            unready(last=ended(2, "error: unrecognized arguments: --verify-file /etc/iris/verify/keys.json"))
        ),
        False,
        False,
        True,
        "ServerTooOld",
    ),
    "an unknown option that is not ours": (
        rolling(unready(last=ended(2, "error: unrecognized arguments: --verify-files x"))),
        False,
        True,
        False,
        "Progressing",
    ),
    "unsigned": (
        rolling(unready(last=ended(65, "artifact refused: Unsigned: /model: no signature"))),
        False,
        False,
        True,
        "Unsigned",
    ),
    "signed by another key": (
        rolling(unready(last=ended(65, "artifact refused: WrongKey: /model/a.sig: the signature"))),
        False,
        False,
        True,
        "WrongKey",
    ),
    "tampered": (
        rolling(unready(last=ended(65, "artifact refused: Tampered: /model: 'x', which is not signed"))),
        False,
        False,
        True,
        "Tampered",
    ),
    "an API server that drops image volumes": (
        facts(deployment(spec={"replicas": 2, "template": DROPPED}), [unready()], {}),
        False,
        False,
        True,
        "ArtifactNotMounted",
    ),
    "a runtime that fails to mount an image": (
        rolling(unready(state=waiting("CreateContainerError", "ImageVolumeMountFailed: no such snapshot"))),
        False,
        False,
        True,
        "ArtifactNotMounted",
    ),
    "a runtime that is too old to mount an image": (
        rolling(
            unready(
                state=waiting(
                    "CreateContainerError",
                    'failed to generate container "c" spec: failed to apply OCI options: failed to mkdir "": '
                    "mkdir : no such file or directory",
                )
            )
        ),
        False,
        False,
        True,
        "ArtifactNotMounted",
    ),
    "another failure to create a container": (
        rolling(unready(state=waiting("CreateContainerError", "context deadline exceeded"))),
        False,
        True,
        False,
        "Progressing",
    ),
    "a runtime that mounts an empty folder": (
        rolling(unready(last=ended(65, "artifact refused: /etc/iris/artifact: an empty folder, expected"))),
        False,
        False,
        True,
        "ArtifactNotMounted",
    ),
    "an empty folder in an image of server and model": (
        rolling(unready(last=ended(65, "artifact refused: /model: an empty folder, expected"))),
        False,
        False,
        True,
        "ArtifactRejected",
    ),
    "a mounted model of another version": (
        rolling(unready(last=ended(65, "artifact refused: /etc/iris/artifact: version: 1.3.0, expected"))),
        False,
        False,
        True,
        "ArtifactRejected",
    ),
    "artifact refused, started again": (
        rolling(unready(last=ended(65, "artifact refused: version"), restarts=1)),
        False,
        False,
        True,
        "ArtifactRejected",
    ),
    "second restart": (rolling(unready(last=ended(1), restarts=2)), False, True, False, "Progressing"),
    "third restart": (rolling(unready(last=ended(1), restarts=3)), False, False, True, "PodsCrashing"),
    "the old pod crashes, the new comes": (
        facts(
            deployment(updated=1, total=2, available=0),
            [pod("iris-1-a", revision=1, ready=False, restarts=9), unready()],
            {},
        ),
        False,
        True,
        False,
        "Progressing",
    ),
    "deadline passed": (
        rolling(unready(), progress="ProgressDeadlineExceeded"),
        False,
        False,
        True,
        "ProgressDeadlineExceeded",
    ),
    "waiting for longer than the deadline": (
        rolling(unready(), since=NOW - timedelta(seconds=600)),
        False,
        False,
        True,
        "ProgressDeadlineExceeded",
    ),
    "waiting for almost as long as the deadline": (
        rolling(unready(), since=NOW - timedelta(seconds=599)),
        False,
        True,
        False,
        "Progressing",
    ),
    "unproven for longer than the deadline": (
        facts(proofs={}, since=NOW - timedelta(seconds=600)),
        False,
        False,
        True,
        "ProgressDeadlineExceeded",
    ),
    "a pod answers another version": (
        facts(proofs={"iris-2-a": GOOD, "iris-2-b": OLD}),
        False,
        False,
        True,
        "VersionMismatch",
    ),
    "a first pod answers another version": (
        facts(deployment(updated=1, total=3), [pod("iris-2-a"), BEFORE], {"iris-2-a": OLD, "iris-1-a": OLD}),
        False,
        False,
        True,
        "VersionMismatch",
    ),
    "one version, two digests": (
        facts(proofs={"iris-2-a": GOOD, "iris-2-b": Proof("1.4.0", "sha256:" + "e" * 64)}),
        False,
        False,
        True,
        "VersionMismatch",
    ),
    "a spec that cannot work": (facts(fault=fault(reasons.INVALID_SPEC)), False, False, True, "InvalidSpec"),
    "somebody's child": (
        facts(failures=(failure("Ready", reasons.CHILD_CONFLICT),)),
        False,
        False,
        True,
        "ChildConflict",
    ),
    "a Deployment refused": (
        facts(failures=(failure("Ready", reasons.CHILD_REFUSED),)),
        False,
        False,
        True,
        "ChildRefused",
    ),
    "a Deployment refused for now": (
        facts(failures=(failure("Ready", reasons.CHILD_REFUSED, is_final=False),)),
        False,
        True,
        False,
        "ChildRefused",
    ),
    "an Ingress refused": (
        facts(failures=(failure("RouteReady", reasons.CHILD_REFUSED),)),
        True,
        False,
        False,
        "Serving",
    ),
    "somebody's route": (facts(fault=fault(reasons.ROUTE_CONFLICT)), False, False, True, "RouteConflict"),
    "suspended, serves": (facts(suspended=True), True, False, False, "Suspended"),
    "suspended, serves another": (facts(suspended=True, version="1.5.0"), False, False, False, "Suspended"),
    "scaled to zero": (
        facts(deployment(wanted=0, updated=0, total=0, available=0), (), {}),
        False,
        False,
        False,
        "ScaledToZero",
    ),
}
