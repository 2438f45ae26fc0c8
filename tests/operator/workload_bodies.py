"""Deployments, ReplicaSets and pods as Kubernetes' controllers leave them during a roll-out."""

from collections.abc import Mapping
from typing import Any

SCHEDULED = "2026-11-23T12:00:00Z"
REVISION = "deployment.kubernetes.io/revision"


def deployment(
    *, wanted: int = 2, updated: int = 2, total: int = 2, available: int = 2, **changes: Any
) -> dict[str, Any]:
    """Rolled out at revision 2, until a test changes it."""
    status: dict[str, Any] = {
        "observedGeneration": changes.pop("observed", 2),
        "replicas": total,
        "updatedReplicas": updated,
        "readyReplicas": available,
        "availableReplicas": available,
        "conditions": [
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
            {
                "type": "Progressing",
                "status": "True",
                "reason": changes.pop("progress", "NewReplicaSetAvailable"),
            },
        ],
    }
    if "refusal" in changes:
        refused = {"type": "ReplicaFailure", "status": "True", "message": changes.pop("refusal")}
        status["conditions"].append(refused)
    metadata = {
        "name": "iris",
        "namespace": "iris",
        "uid": "uid-of-deployment",
        "generation": 2,
        "annotations": {REVISION: changes.pop("revision", "2")},
    }
    return {"metadata": metadata, "spec": {"replicas": wanted}, "status": status, **changes}


def replica_set(revision: int, *, owner: str = "uid-of-deployment") -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"iris-{revision}",
            "namespace": "iris",
            "uid": f"uid-of-replica-set-{revision}",
            "annotations": {REVISION: str(revision)},
            "ownerReferences": [{"uid": owner, "controller": True, "kind": "Deployment", "name": "iris"}],
        }
    }


def pod(
    name: str = "iris-2-a",
    *,
    revision: int = 2,
    ready: bool = True,
    restarts: int = 0,
    state: Mapping[str, Any] | None = None,
    last: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A ready pod of the newest ReplicaSet, until a test changes it."""
    running = {"running": {"startedAt": SCHEDULED}}
    container = {
        "name": "server",
        "containerID": f"containerd://{name}-{restarts}",
        "restartCount": restarts,
        "ready": ready,
        "state": running if state is None else dict(state),
        "lastState": dict(last or {}),
    }
    return {
        "metadata": {
            "name": name,
            "namespace": "iris",
            "uid": f"uid-of-{name}",
            "labels": dict(labels or {}),
            "ownerReferences": [{"uid": f"uid-of-replica-set-{revision}", "controller": True}],
        },
        "status": {
            "podIP": "10.0.0.7",
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": SCHEDULED},
                {"type": "Ready", "status": "True" if ready else "False"},
            ],
            "containerStatuses": [{"name": "sidecar", "restartCount": 9}, container],
        },
    }


def terminating(raw: Mapping[str, Any], until: str, *, grace: int | None = 40) -> dict[str, Any]:
    """This pod after a DELETE: the API server adds the grace period to the moment of it."""
    metadata = {**raw["metadata"], "deletionTimestamp": until, "deletionGracePeriodSeconds": grace}
    return {**raw, "metadata": metadata}


def unschedulable(name: str, message: str) -> dict[str, Any]:
    """A pod for which there is no node."""
    lacking = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return {**pod(name, ready=False), "status": {"phase": "Pending", "conditions": [lacking]}}


def waiting(reason: str, message: str = "why") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def ended(code: int, message: str = "", reason: str = "Error") -> dict[str, Any]:
    said = {"message": message} if message else {}
    return {"terminated": {"exitCode": code, "reason": reason, **said}}
