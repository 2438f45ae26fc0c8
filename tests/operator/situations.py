"""Every situation that a status describes: its facts, and the verdict that they lead to."""

import dataclasses
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

STEP: Final = Verdict(ready=False, reason=reasons.STEPPING, message="10 %", reconciling=True)


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


def at(known: Facts, now: datetime) -> Facts:
    """The same facts at another moment."""
    return dataclasses.replace(known, now=now, stable=dataclasses.replace(known.stable, now=now))


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


def held(reason: str, message: str) -> Facts:
    """A rollout that goes on only when somebody acts."""
    return facts(rollout=RolloutReport({}, verdict.stalled(reason, message)))


def unready(**changes: Any) -> dict[str, Any]:
    return pod("iris-2-a", ready=False, **changes)


# A pod template that reads a mounted model and has no volume with it.
DROPPED: Final = {
    "spec": {"containers": [{"env": [{"name": "IRIS_ARTIFACT_DIR", "value": "/etc/iris/artifact"}]}]}
}

# The facts, Ready, Reconciling, Stalled and the reason.
Situation = tuple[Facts, bool, bool, bool, str]


def ready(reason: str, known: Facts) -> Situation:
    return known, True, False, False, reason


def progressing(reason: str, known: Facts) -> Situation:
    return known, False, True, False, reason


def stalled(reason: str, known: Facts) -> Situation:
    return known, False, False, True, reason


def at_rest(reason: str, known: Facts) -> Situation:
    """Not ready, and nothing is under way."""
    return known, False, False, False, reason


SITUATIONS: Final[Mapping[str, Situation]] = {
    "no deployment yet": progressing("Progressing", facts({}, pods=(), proofs={})),
    "not acted on yet": progressing("Progressing", facts(deployment(observed=1))),
    "rolling out": progressing("Progressing", rolling(unready())),
    "rolled out, not asked yet": progressing("Progressing", facts(proofs={})),
    "rolled out, one does not answer": progressing(
        "Progressing", facts(proofs={"iris-2-a": GOOD, "iris-2-b": Proof(failure="pod iris-2-b: refused")})
    ),
    "rolled out, one pod not seen": progressing(
        "Progressing", facts(pods=BOTH[:1], proofs={"iris-2-a": GOOD})
    ),
    "every pod proves it": ready("Serving", facts()),
    "rolled out, the older pod not seen to terminate": progressing(
        "Progressing", facts(pods=[*BOTH, BEFORE])
    ),
    "rolled out, the older pod has just begun to terminate": progressing(
        "Progressing", facts(pods=[*BOTH, leaving(1)])
    ),
    "rolled out, the older pod has terminated for long": ready("Serving", facts(pods=[*BOTH, leaving(20)])),
    "suspended, the older pod has just begun to terminate": at_rest(
        "Suspended", facts(pods=[*BOTH, leaving(1)], suspended=True)
    ),
    "an older pod that nobody deletes, for longer than the deadline": stalled(
        "ProgressDeadlineExceeded", facts(pods=[*BOTH, BEFORE], since=NOW - timedelta(seconds=600))
    ),
    "an old crash, all ready": ready(
        "Serving", facts(pods=[pod("iris-2-a", restarts=7, last=ended(1)), BOTH[1]])
    ),
    "a rollout was refused": stalled("RolledBack", held(reasons.ROLLED_BACK, "1.5.0 was rolled back")),
    "a rollout waits for an approval": stalled("AwaitingApproval", held(reasons.AWAITING_APPROVAL, "why")),
    "a rollout is at a step": progressing("Stepping", facts(rollout=RolloutReport({}, STEP))),
    "a rollout waits for more requests": stalled("RolloutHeld", held(reasons.ROLLOUT_HELD, "why")),
    "a route that cannot split requests": stalled("SplitImpossible", held(reasons.SPLIT_IMPOSSIBLE, "why")),
    "a rollout is paused": stalled("RolloutPaused", held(reasons.ROLLOUT_PAUSED, "1.5.0 has passed")),
    "a rollout has ended": ready("Serving", facts(rollout=RolloutReport({}))),
    "image not there, 40 s": stalled("ImagePullFailed", rolling(unready(state=waiting("ImagePullBackOff")))),
    "image not there, 29 s": progressing(
        "Progressing", rolling(unready(state=waiting("ErrImagePull")), now=NOW.replace(second=29))
    ),
    "image not there, 30 s": stalled(
        "ImagePullFailed", rolling(unready(state=waiting("ErrImagePull")), now=NOW.replace(second=30))
    ),
    "artifact refused": stalled(
        "ArtifactRejected", rolling(unready(state=ended(65, "artifact refused: version")))
    ),
    "a server that has no access keys": stalled(
        "ServerTooOld",
        rolling(
            unready(
                last=ended(2, "iris-model-server: error: unrecognized arguments: --management-port 8001"),
                state=workload_bodies.waiting("CrashLoopBackOff"),
                restarts=5,
            )
        ),
    ),
    "a server that verifies no signature": stalled(
        "ServerTooOld",
        rolling(
            unready(last=ended(2, "error: unrecognized arguments: --verify-file /etc/iris/verify/keys.json"))
        ),
    ),
    "an unknown option that is not ours": progressing(
        "Progressing", rolling(unready(last=ended(2, "error: unrecognized arguments: --verify-files x")))
    ),
    "unsigned": stalled(
        "Unsigned", rolling(unready(last=ended(65, "artifact refused: Unsigned: /model: no signature")))
    ),
    "signed by another key": stalled(
        "WrongKey",
        rolling(unready(last=ended(65, "artifact refused: WrongKey: /model/a.sig: the signature"))),
    ),
    "tampered": stalled(
        "Tampered",
        rolling(unready(last=ended(65, "artifact refused: Tampered: /model: 'x', which is not signed"))),
    ),
    "an API server that drops image volumes": stalled(
        "ArtifactNotMounted", facts(deployment(spec={"replicas": 2, "template": DROPPED}), [unready()], {})
    ),
    "a runtime that fails to mount an image": stalled(
        "ArtifactNotMounted",
        rolling(unready(state=waiting("CreateContainerError", "ImageVolumeMountFailed: no such snapshot"))),
    ),
    "a runtime that is too old to mount an image": stalled(
        "ArtifactNotMounted",
        rolling(
            unready(
                state=waiting(
                    "CreateContainerError",
                    'failed to generate container "c" spec: failed to apply OCI options: failed to mkdir "": '
                    "mkdir : no such file or directory",
                )
            )
        ),
    ),
    "another failure to create a container": progressing(
        "Progressing", rolling(unready(state=waiting("CreateContainerError", "context deadline exceeded")))
    ),
    "a runtime that mounts an empty folder": stalled(
        "ArtifactNotMounted",
        rolling(unready(last=ended(65, "artifact refused: /etc/iris/artifact: an empty folder, expected"))),
    ),
    "an empty folder in an image of server and model": stalled(
        "ArtifactRejected",
        rolling(unready(last=ended(65, "artifact refused: /model: an empty folder, expected"))),
    ),
    "a mounted model of another version": stalled(
        "ArtifactRejected",
        rolling(unready(last=ended(65, "artifact refused: /etc/iris/artifact: version: 1.3.0, expected"))),
    ),
    "artifact refused, started again": stalled(
        "ArtifactRejected", rolling(unready(last=ended(65, "artifact refused: version"), restarts=1))
    ),
    "second restart": progressing("Progressing", rolling(unready(last=ended(1), restarts=2))),
    "third restart": stalled("PodsCrashing", rolling(unready(last=ended(1), restarts=3))),
    "the old pod crashes, the new comes": progressing(
        "Progressing",
        facts(
            deployment(updated=1, total=2, available=0),
            [pod("iris-1-a", revision=1, ready=False, restarts=9), unready()],
            {},
        ),
    ),
    "deadline passed": stalled(
        "ProgressDeadlineExceeded", rolling(unready(), progress="ProgressDeadlineExceeded")
    ),
    "waiting for longer than the deadline": stalled(
        "ProgressDeadlineExceeded", rolling(unready(), since=NOW - timedelta(seconds=600))
    ),
    "waiting for almost as long as the deadline": progressing(
        "Progressing", rolling(unready(), since=NOW - timedelta(seconds=599))
    ),
    "unproven for longer than the deadline": stalled(
        "ProgressDeadlineExceeded", facts(proofs={}, since=NOW - timedelta(seconds=600))
    ),
    "a pod answers another version": stalled(
        "VersionMismatch", facts(proofs={"iris-2-a": GOOD, "iris-2-b": OLD})
    ),
    "a first pod answers another version": stalled(
        "VersionMismatch",
        facts(deployment(updated=1, total=3), [pod("iris-2-a"), BEFORE], {"iris-2-a": OLD, "iris-1-a": OLD}),
    ),
    "one version, two digests": stalled(
        "VersionMismatch", facts(proofs={"iris-2-a": GOOD, "iris-2-b": Proof("1.4.0", "sha256:" + "e" * 64)})
    ),
    "a spec that cannot work": stalled("InvalidSpec", facts(fault=fault(reasons.INVALID_SPEC))),
    "somebody's child": stalled("ChildConflict", facts(failures=(failure("Ready", reasons.CHILD_CONFLICT),))),
    "a Deployment refused": stalled(
        "ChildRefused", facts(failures=(failure("Ready", reasons.CHILD_REFUSED),))
    ),
    "a Deployment refused for now": progressing(
        "ChildRefused", facts(failures=(failure("Ready", reasons.CHILD_REFUSED, is_final=False),))
    ),
    "an Ingress refused": ready("Serving", facts(failures=(failure("RouteReady", reasons.CHILD_REFUSED),))),
    "somebody's route": stalled("RouteConflict", facts(fault=fault(reasons.ROUTE_CONFLICT))),
    "suspended, serves": ready("Suspended", facts(suspended=True)),
    "suspended, serves another": at_rest("Suspended", facts(suspended=True, version="1.5.0")),
    "scaled to zero": at_rest(
        "ScaledToZero", facts(deployment(wanted=0, updated=0, total=0, available=0), (), {})
    ),
}
