"""What an API server says about one model: bodies as small as the reader needs them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from iris_cli.evidence import Snapshot

NOW: Final = datetime(2026, 11, 23, 12, 10, 0, tzinfo=UTC)
Body = dict[str, Any]


def condition(kind: str, status: str, reason: str, message: str = "because") -> Body:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2026-11-23T12:06:00Z",
    }


def model(*conditions: Body, version: str = "1.1.0", serving: str = "1.0.0", generation: int = 2) -> Body:
    """Declares `version` in its second generation; the status speaks about that one."""
    return {
        "metadata": {
            "namespace": "iris", "name": "iris", "uid": "model", "generation": generation,
            "creationTimestamp": "2026-11-23T11:00:00Z", "resourceVersion": "7",
            "managedFields": [
                {"manager": "kubectl", "time": "2026-11-23T12:09:00Z"},
                {"manager": "iris-operator", "subresource": "status", "time": "2026-11-23T12:09:30Z"},
            ],
        },
        "spec": {"version": version},
        "status": {"observedGeneration": 2, "servingVersion": serving, "conditions": list(conditions)},
    }  # fmt: skip


def stalled(reason: str, message: str = "because") -> Body:
    return model(condition("Ready", "False", reason, message), condition("Stalled", "True", reason, message))


def progressing(message: str = "waiting") -> Body:
    return model(
        condition("Ready", "False", "Progressing", message),
        condition("Reconciling", "True", "Progressing", message),
    )


def serving() -> Body:
    return model(condition("Ready", "True", "Serving", "2 of 2 pods prove version 1.1.0"), serving="1.1.0")


def event(
    reason: str, moment: str, *, about: Mapping[str, str], message: str = "", kind: str = "Warning"
) -> Body:
    return {
        "type": kind,
        "reason": reason,
        "message": message,
        "lastTimestamp": moment,
        "involvedObject": dict(about),
    }


def pod(name: str, *, conditions: Mapping[str, str] | None = None, container: Body | None = None) -> Body:
    """A pod of the newest ReplicaSet, scheduled unless said otherwise; conditions are type to status."""
    statuses = {"PodScheduled": "True", **(conditions or {})}
    return {
        "metadata": {"namespace": "iris", "name": name, "uid": name, "ownerReferences": [{"uid": "new"}]},
        "status": {
            "conditions": [
                {
                    "type": kind,
                    "status": status,
                    "reason": "Because",
                    "message": f"{kind} says why",
                    "lastTransitionTime": None,
                }
                for kind, status in statuses.items()
            ],
            "containerStatuses": [{"name": "server", **(container or {})}],
        },
    }


def snapshot(
    body: Body, *pods: Body, events: tuple[Body, ...] = (), unread: tuple[str, ...] = ()
) -> Snapshot:
    """The model with a Deployment of two pods whose newest ReplicaSet owns `pods`."""
    ready = sum(
        row["type"] == "Ready" and row["status"] == "True"
        for one in pods
        for row in one["status"]["conditions"]
    )
    revision = {"deployment.kubernetes.io/revision": "3"}
    deployment = {
        "metadata": {"name": "iris", "uid": "deployment", "generation": 1, "annotations": revision},
        "spec": {"replicas": 2},
        "status": {"observedGeneration": 1, "readyReplicas": ready},
    }
    newest = {
        "metadata": {
            "name": "iris-new", "uid": "new", "annotations": revision,
            "creationTimestamp": "2026-11-23T12:05:00Z",
            "ownerReferences": [{"uid": "deployment"}],
        }
    }  # fmt: skip
    return Snapshot(body, (deployment,), (newest,), pods, events, unread)
