"""Turns a Deployment, its ReplicaSets and its pods into facts about the rollout. Pure.

Only the newest ReplicaSet counts: pods of an older one are the version that still serves.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from iris_api import reasons

from iris_operator.children import deployment as deployment_child
from iris_operator.children import metadata as children_metadata
from iris_operator.model import plan
from iris_operator.observe import image_volumes

# The server's exit code when it refuses its artifact: part of its contract.
ARTIFACT_REFUSED_EXIT: Final = 65
# Its exit code for options and settings that it cannot use.
UNUSABLE_EXIT: Final = 2
_SIGNATURE: Final = re.compile(
    rf"artifact refused: ({reasons.UNSIGNED}|{reasons.WRONG_KEY}|{reasons.TAMPERED}): "
)
_UNKNOWN: Final = re.compile(
    rf"unrecognized arguments: ({deployment_child.MANAGEMENT_OPTION}|{deployment_child.VERIFY_OPTION}) "
)
_PULL_FAILURES: Final = frozenset(
    {
        "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)  # fmt: skip
# Between two attempts the kubelet repeats the error of the last one.
_BACK_OFF: Final = re.compile(r'Back-off pulling image "[^"]*": (?P<reason>\w+): (?P<message>.*)', re.DOTALL)
_REFUSED_POD: Final = re.compile(r'^pods "[^"]*" is ')
REVISION: Final = "deployment.kubernetes.io/revision"


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod of the model, whichever ReplicaSet it belongs to."""

    name: str
    uid: str
    address: str | None
    container_id: str  # changes with each restart
    newest: bool
    ready: bool
    ready_at: datetime | None
    restarts: int
    scheduled_at: datetime | None
    waiting_reason: str  # of the container; without a node that of the scheduler
    waiting_message: str
    exit_code: int | None  # the container's last exit
    exit_message: str
    is_scheduled: bool = True
    closed_gates: tuple[str, ...] = ()
    lost_node: str = ""  # the name of its node, once Kubernetes does not hear of it any more
    failed: str = ""  # why the node ended the whole pod for good, such as Evicted
    failed_message: str = ""
    port: int = deployment_child.PORT  # where the operator asks it


@dataclass(frozen=True, slots=True)
class OlderPod:
    """A pod of another ReplicaSet than the newest, which routers may still use."""

    name: str
    version: str  # by its label
    terminating_since: datetime | None  # at the latest; None: it does not terminate yet


@dataclass(frozen=True, slots=True)
class Workload:
    """The Deployment as a whole; `seen` is False until its controller has acted on the newest intent."""

    seen: bool
    complete: bool
    rolled_out: bool  # has been complete once; pods may have been lost since
    deadline_exceeded: bool
    progressed_at: datetime | None  # when the Deployment last changed its pods, or one became ready
    wanted: int
    updated: int
    ready: int
    replicas: int
    refusal: str  # why its ReplicaSet cannot create pods
    pods: tuple[Pod, ...]
    paused: bool = False
    older: tuple[OlderPod, ...] = ()
    lacks_image_volume: bool = False  # the API server has dropped it

    @property
    def newest(self) -> tuple[Pod, ...]:
        """Without those that are over: their ReplicaSet has replaced them."""
        return tuple(pod for pod in self.pods if pod.newest and not pod.failed)

    @property
    def closed(self) -> bool:
        """Whether the newest pods admit only clients with a key."""
        return any(pod.port == deployment_child.MANAGEMENT_PORT for pod in self.newest)

    @property
    def failed(self) -> tuple[Pod, ...]:
        return tuple(pod for pod in self.pods if pod.newest and pod.failed)


def pods_of(pods: Iterable[Mapping[str, Any]], track: str) -> list[Mapping[str, Any]]:
    """A model's pods by their track."""
    return [pod for pod in pods if _is_of_candidate(pod) == (track == plan.CANARY)]


def _is_of_candidate(pod: Mapping[str, Any]) -> bool:
    labels = pod["metadata"].get("labels", {})
    return bool(labels.get(children_metadata.NAME_LABEL) == children_metadata.CANARY_SERVER)


NOTHING: Final = Workload(False, False, False, False, None, 0, 0, 0, 0, "", ())


def observe(
    deployment: Mapping[str, Any] | None,
    replica_sets: Iterable[Mapping[str, Any]],
    pods: Iterable[Mapping[str, Any]],
) -> Workload:
    """Facts about one model's Deployment; NOTHING when there is none."""
    if deployment is None:
        return NOTHING
    status, identity = deployment.get("status") or {}, deployment["metadata"]
    seen = status.get("observedGeneration", 0) >= identity.get("generation", 0)
    newest = _newest(identity, replica_sets) if seen else None
    wanted = deployment["spec"].get("replicas", 1)
    replicas, updated = status.get("replicas", 0), status.get("updatedReplicas", 0)
    available = status.get("availableReplicas", 0)
    conditions = {condition["type"]: condition for condition in status.get("conditions", ())}
    seen_pods = [(body, _pod(body, newest)) for body in pods]
    observed = [pod for body, pod in seen_pods if not body["metadata"].get("deletionTimestamp")]
    progress = conditions.get("Progressing", {}).get("reason")
    return Workload(
        seen=seen,
        complete=seen and updated == replicas == available == wanted,
        rolled_out=seen and updated == replicas and progress == "NewReplicaSetAvailable",
        deadline_exceeded=seen and progress == "ProgressDeadlineExceeded",
        progressed_at=max(_progress(conditions.get("Progressing", {}), observed), default=None),
        wanted=wanted,
        updated=updated,
        ready=status.get("readyReplicas", 0),
        replicas=replicas,
        refusal=_refusal(conditions.get("ReplicaFailure", {})),
        pods=tuple(sorted(observed, key=lambda pod: pod.name)),
        paused=deployment["spec"].get("paused") is True,
        older=tuple(older for body, pod in seen_pods if (older := _older(body, pod)) is not None),
        lacks_image_volume=image_volumes.is_dropped(deployment["spec"].get("template") or {}),
    )


def _progress(progressing: Mapping[str, str], pods: Iterable[Pod]) -> Iterator[datetime]:
    moments = [_moment(progressing.get("lastUpdateTime")), *(pod.ready_at for pod in pods)]
    return (moment for moment in moments if moment is not None)


def _refusal(failure: Mapping[str, str]) -> str:
    """Without the pod's name, which is another one with each try: the status must not change with it."""
    message = failure.get("message", "") if failure.get("status") == "True" else ""
    return _REFUSED_POD.sub("", message)


def _newest(deployment: Mapping[str, Any], replica_sets: Iterable[Mapping[str, Any]]) -> str | None:
    """By the Deployment's own revision: its status may arrive before the ReplicaSet that it counts."""
    uid, revision = deployment["uid"], deployment.get("annotations", {}).get(REVISION)
    for body in replica_sets:
        metadata = body["metadata"]
        ours = any(owner["uid"] == uid for owner in metadata.get("ownerReferences", ()))
        if ours and revision is not None and metadata.get("annotations", {}).get(REVISION) == revision:
            return str(metadata["uid"])
    return None


def _pod(body: Mapping[str, Any], newest_uid: str | None) -> Pod:
    metadata, status = body["metadata"], body.get("status") or {}
    conditions = {condition["type"]: condition for condition in status.get("conditions", ())}
    container = _server(status.get("containerStatuses", ()))
    ended = (
        container.get("state", {}).get("terminated") or container.get("lastState", {}).get("terminated") or {}
    )
    scheduled = conditions.get("PodScheduled", {})
    is_ready = conditions.get("Ready", {}).get("status") == "True"
    gates = tuple(_closed_gates(body, conditions))
    waiting = (
        scheduled
        if scheduled.get("status") == "False"
        else _cause(container.get("state", {}).get("waiting", {}))
    )
    return Pod(
        name=metadata["name"],
        uid=metadata["uid"],
        address=status.get("podIP"),
        container_id=container.get("containerID", ""),
        newest=any(owner["uid"] == newest_uid for owner in metadata.get("ownerReferences", ())),
        ready=is_ready,
        ready_at=_moment(conditions.get("Ready", {}).get("lastTransitionTime")) if is_ready else None,
        restarts=container.get("restartCount", 0),
        scheduled_at=_moment(scheduled.get("lastTransitionTime"))
        if scheduled.get("status") == "True"
        else None,
        waiting_reason=waiting.get("reason", ""),
        waiting_message=waiting.get("message", ""),
        exit_code=ended.get("exitCode"),
        exit_message=_exit_message(ended),
        is_scheduled=scheduled.get("status") == "True",
        closed_gates=gates,
        lost_node="" if is_ready or gates else _lost_node(body, conditions),
        failed=str(status.get("reason") or "Failed") if status.get("phase") == "Failed" else "",
        failed_message=str(status.get("message") or ""),
        port=_port(body),
    )


def _port(body: Mapping[str, Any]) -> int:
    """By the pod's own template: in a rollout, those before it may need no key."""
    for container in (body.get("spec") or {}).get("containers", ()):
        for port in container.get("ports", ()):
            if port.get("name") == deployment_child.MANAGEMENT:
                return int(port["containerPort"])
    return deployment_child.PORT


def _exit_message(ended: Mapping[str, str]) -> str:
    """The message may be the last lines of the log, which the kernel did not let finish."""
    is_out_of_memory = ended.get("reason") == "OOMKilled"
    return "OOMKilled" if is_out_of_memory else (ended.get("message") or ended.get("reason") or "").strip()


def _closed_gates(body: Mapping[str, Any], conditions: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for gate in (body.get("spec") or {}).get("readinessGates") or ():
        if conditions.get(gate["conditionType"], {}).get("status") != "True":
            yield gate["conditionType"]


def _lost_node(body: Mapping[str, Any], conditions: Mapping[str, Mapping[str, str]]) -> str:
    """Where a node is silent, Kubernetes sets Ready to False and leaves what its kubelet said last."""
    is_lost = conditions.get("ContainersReady", {}).get("status") == "True"
    return str((body.get("spec") or {}).get("nodeName", "")) if is_lost else ""


def _older(body: Mapping[str, Any], pod: Pod) -> OlderPod | None:
    metadata = body["metadata"]
    since = _moment(metadata.get("deletionTimestamp"))
    if pod.newest or (since is None and not pod.ready):
        return None
    if since is not None:
        # The API server adds the grace period to the moment of the DELETE, and writes whole seconds.
        since += timedelta(seconds=1 - (metadata.get("deletionGracePeriodSeconds") or 0))
    version = metadata.get("labels", {}).get(children_metadata.VERSION_LABEL, "")
    return OlderPod(pod.name, version, since)


def _cause(waiting: Mapping[str, str]) -> Mapping[str, str]:
    """The same text for an attempt and the back-off after it: the status must not change with each."""
    found = _BACK_OFF.fullmatch(waiting.get("message", ""))
    return found.groupdict() if found else waiting


def _server(statuses: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    for status in statuses:
        if status["name"] == deployment_child.CONTAINER:
            return status
    return {}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def cannot_pull(pod: Pod) -> bool:
    return pod.waiting_reason in _PULL_FAILURES


def refused_artifact(pod: Pod) -> bool:
    return not pod.ready and pod.exit_code == ARTIFACT_REFUSED_EXIT


def refused_signature(pod: Pod) -> str:
    """The reason that the server has for refusing the model's signature; empty for any other refusal."""
    found = _SIGNATURE.match(pod.exit_message)
    return found[1] if found else ""


def unknown_option(pod: Pod) -> str:
    """The option at which a server of an older release has ended, or nothing."""
    found = _UNKNOWN.search(pod.exit_message)
    return found[1] if found and not pod.ready and pod.exit_code == UNUSABLE_EXIT else ""


def crashing(pod: Pod, restarts: int) -> bool:
    return not pod.ready and pod.restarts >= restarts
