"""Gathers a snapshot of a model and its children, and finds what delays its pods. Pure but for `gather`.

The operator's own `workload` selects the new pods, so both judge the same ones.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from iris_operator.observe import workload

from iris_cli import fleet
from iris_cli.errors import Refused
from iris_cli.kubectl import Body, Kubectl

_MOST_PODS: Final = 3
# The words of containerd and CRI-O.
_NO_IMAGE: Final = ("not found", "manifest unknown")
_KINDS: Final = {"deployments": "/apis/apps/v1", "replicasets": "/apis/apps/v1", "pods": "/api/v1"}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The answers of the API server, one request per kind."""

    model: Body
    deployments: tuple[Body, ...] = ()
    replica_sets: tuple[Body, ...] = ()
    pods: tuple[Body, ...] = ()
    events: tuple[Body, ...] = ()
    unread: tuple[str, ...] = ()  # kinds that this user may not list


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that delays the model, with a cure where the cure of the reason is not enough."""

    text: str
    cure: str = ""


def gather(kubectl: Kubectl, namespace: str, name: str) -> Snapshot:
    """Send all requests at once, so that the answers are of the same moment. Raises Trouble."""
    selector = quote(f"app.kubernetes.io/name=iris-server,app.kubernetes.io/instance={name}")
    paths = {
        kind: f"{root}/namespaces/{namespace}/{kind}?labelSelector={selector}"
        for kind, root in _KINDS.items()
    }
    paths["events"] = f"/api/v1/namespaces/{namespace}/events"
    with ThreadPoolExecutor(len(paths) + 1) as pool:
        model = pool.submit(fleet.one, kubectl, namespace, name)
        lists = {kind: pool.submit(_readable, kubectl, path) for kind, path in paths.items()}
        body, found = model.result(), {kind: answer.result() for kind, answer in lists.items()}
    return Snapshot(
        model=body,
        deployments=tuple(found["deployments"] or ()),
        replica_sets=tuple(found["replicasets"] or ()),
        pods=tuple(found["pods"] or ()),
        events=tuple(found["events"] or ()),
        unread=tuple(kind for kind, items in found.items() if items is None),
    )


def _readable(kubectl: Kubectl, path: str) -> list[Body] | None:
    try:
        return list(kubectl.read(path)["items"])
    except Refused as refusal:
        if refusal.reason == "Forbidden":
            return None
        raise


def observed(snapshot: Snapshot) -> workload.Workload:
    """The rollout as the operator observes it."""
    name = snapshot.model["metadata"]["name"]
    deployment = next((body for body in snapshot.deployments if body["metadata"]["name"] == name), None)
    return workload.observe(deployment, snapshot.replica_sets, snapshot.pods)


def findings(snapshot: Snapshot) -> Iterator[Finding]:
    """What delays the newest pods, most direct cause first."""
    for body in (*snapshot.deployments, *snapshot.replica_sets):
        for condition in (body.get("status") or {}).get("conditions", ()):
            if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
                yield Finding(
                    f"pods cannot be created: {condition.get('message', '')}",
                    "change what the message names (a quota, Pod Security, an admission policy)",
                )
                return
    bodies = {body["metadata"]["name"]: body for body in snapshot.pods}
    waiting = [pod for pod in observed(snapshot).newest if not pod.ready]
    for pod in waiting[:_MOST_PODS]:
        yield _of_pod(pod, bodies[pod.name], snapshot.events)
    if len(waiting) > _MOST_PODS:
        yield Finding(f"{len(waiting) - _MOST_PODS} more new pods are not ready")


def _of_pod(pod: workload.Pod, body: Mapping[str, Any], events: Iterable[Mapping[str, Any]]) -> Finding:
    place = f"pod {pod.name}"
    conditions = {row["type"]: row for row in (body.get("status") or {}).get("conditions", ())}
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        cure = "make room on a node, or lower `spec.resources.requests`; see spec.nodeSelector and taints"
        return Finding(
            f"{place} cannot be scheduled: {scheduled.get('message') or scheduled.get('reason')}", cure
        )
    if not scheduled:
        return Finding(f"{place} is waiting for the scheduler")
    if pod.exit_code is not None:
        ended = f"exited with code {pod.exit_code}" + (f": {pod.exit_message}" if pod.exit_message else "")
        logs = f"`kubectl -n {body['metadata']['namespace']} logs {pod.name} --previous`"
        return Finding(f"{place} {ended}; restarts so far: {pod.restarts}", f"read {logs}")
    if pod.waiting_message:
        text = f"{place}: {pod.waiting_reason}: {pod.waiting_message}"
        return Finding(text, _publish(body) if _absent(pod) else "")
    warning = _last_warning(pod.name, events)
    if warning:
        return Finding(f"{place}: {warning}")
    if pod.waiting_reason:
        return Finding(f"{place}: {pod.waiting_reason}")
    closed = [gate["conditionType"] for gate in (body.get("spec") or {}).get("readinessGates", ())]
    closed = [gate for gate in closed if conditions.get(gate, {}).get("status") != "True"]
    if closed:
        return Finding(f"{place} is waiting for its readiness gates {', '.join(closed)}")
    return Finding(f"{place} is running but not ready")


def _absent(pod: workload.Pod) -> bool:
    """Whether the registry has answered that this image does not exist."""
    pulling = pod.waiting_reason in ("ErrImagePull", "ImagePullBackOff")
    return pulling and any(sign in pod.waiting_message for sign in _NO_IMAGE)


def _publish(body: Mapping[str, Any]) -> str:
    version = body["metadata"].get("labels", {}).get("app.kubernetes.io/version", "…")
    return f"the registry has no such image: publish it (local cluster: `make publish VERSION={version}`)"


def _last_warning(name: str, events: Iterable[Mapping[str, Any]]) -> str:
    about = [
        event
        for event in events
        if event.get("type") == "Warning" and event.get("involvedObject", {}).get("name") == name
    ]
    last = max(about, key=lambda event: str(moment_of(event) or ""), default=None)
    return f"{last.get('reason')}: {last.get('message', '').strip()}" if last else ""


def moment_of(event: Mapping[str, Any]) -> datetime | None:
    """The last time of an event, from whichever of its fields is set."""
    series = event.get("series") or {}
    for text in (series.get("lastObservedTime"), event.get("eventTime"), event.get("lastTimestamp")):
        if text:
            return datetime.fromisoformat(text)
    return None
