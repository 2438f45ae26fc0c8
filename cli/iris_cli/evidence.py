"""Gathers a snapshot of a model and its children, and finds what delays its pods. Pure but for `gather`.

The operator's own `workload` and `causes` judge the pods, so both name the same causes in the same words.
The status has the nearest cause, and `iris why` repeats it. Pods are read only for what the status cannot
hold: causes of further pods, short-lived causes during a rollout, with their last warning, and a cure that
names the pod.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from iris_operator.children import metadata
from iris_operator.model.plan import CANARY, STABLE
from iris_operator.observe import causes, workload

from iris_cli import cluster_events, fleet
from iris_cli.kubectl import Body, Kubectl

_MOST: Final = 3
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
    with ThreadPoolExecutor(len(_KINDS) + 2) as pool:
        model = pool.submit(fleet.one, kubectl, namespace, name)
        lists = _submit(pool, kubectl, _paths(namespace, name))
        return _snapshot(model.result(), lists)


def around(kubectl: Kubectl, model: Body) -> Snapshot:
    """The same for a model from a watch. The lists come from the API server's cache, not from etcd."""
    paths = {
        kind: f"{path}{'&' if '?' in path else '?'}resourceVersion=0"
        for kind, path in _paths(*fleet.identity(model)).items()
    }
    with ThreadPoolExecutor(len(paths)) as pool:
        return _snapshot(model, _submit(pool, kubectl, paths))


def _paths(namespace: str, name: str) -> dict[str, str]:
    # Of the stable pods and of a rollout's candidate.
    selector = quote(
        f"app.kubernetes.io/name in ({metadata.SERVER},{metadata.CANARY_SERVER}),"
        f"app.kubernetes.io/instance={name}"
    )
    paths = {
        kind: f"{root}/namespaces/{namespace}/{kind}?labelSelector={selector}"
        for kind, root in _KINDS.items()
    }
    return paths | {"events": f"/api/v1/namespaces/{namespace}/events"}


def _submit(
    pool: Executor, kubectl: Kubectl, paths: Mapping[str, str]
) -> dict[str, Future[list[Body] | None]]:
    return {kind: pool.submit(kubectl.items, path, none_if="Forbidden") for kind, path in paths.items()}


def _snapshot(model: Body, lists: Mapping[str, Future[list[Body] | None]]) -> Snapshot:
    found = {kind: answer.result() for kind, answer in lists.items()}
    return Snapshot(
        model=model,
        deployments=tuple(found["deployments"] or ()),
        replica_sets=tuple(found["replicasets"] or ()),
        pods=tuple(found["pods"] or ()),
        events=tuple(found["events"] or ()),
        unread=tuple(kind for kind, items in found.items() if items is None),
    )


def observed(snapshot: Snapshot, track: str = STABLE) -> workload.Workload:
    """The Deployment of one set of pods as the operator observes it."""
    name = snapshot.model["metadata"]["name"]
    name = metadata.canary_name_of(name) if track == CANARY else name
    deployment = next((body for body in snapshot.deployments if body["metadata"]["name"] == name), None)
    pods = workload.pods_of(snapshot.pods, track)
    return workload.observe(deployment, snapshot.replica_sets, pods)


def pods(snapshot: Snapshot) -> str:
    """The numbers of pods in the status, and those of a candidate."""
    row, state = fleet.row(snapshot.model, {}), observed(snapshot)
    text = f"{row.readyReplicas} of {row.replicas} ready"
    if state.seen and not row.replicas == state.wanted == state.updated:
        text += f", {state.wanted} wanted, {state.updated} up to date"
    candidate = observed(snapshot, CANARY)
    return f"{text}; candidate: {candidate.ready} of {candidate.replicas} ready" if candidate.seen else text


def findings(snapshot: Snapshot) -> Iterator[Finding]:
    """What delays the newest pods and those of a candidate, most direct cause first."""
    found = [cause for track in (STABLE, CANARY) for cause in causes.of(observed(snapshot, track))]
    for cause in found[:_MOST]:
        warning = _last_warning(cause.pod.name, snapshot.events) if cause.pod and cause.is_passing else ""
        if cause.pod and warning:
            yield Finding(f"pod {cause.pod.name}: {warning}")
        elif cause.pod and _absent(cause.pod):
            yield Finding(cause.text, _publish(snapshot.model))
        else:
            yield Finding(cause.text, cause.cure(snapshot.model["metadata"]["namespace"]))
    if len(found) > _MOST:
        yield Finding(f"{len(found) - _MOST} more new pods are not ready")


def _absent(pod: workload.Pod) -> bool:
    """Whether the registry has answered that this image does not exist."""
    pulling = pod.waiting_reason in ("ErrImagePull", "ImagePullBackOff")
    return pulling and any(sign in pod.waiting_message for sign in _NO_IMAGE)


def _publish(model: Mapping[str, Any]) -> str:
    version = model["spec"].get("version", "…")
    return f"the registry has no such image: publish it (local cluster: `make publish VERSION={version}`)"


def _last_warning(name: str, seen: Iterable[Mapping[str, Any]]) -> str:
    about = [
        event
        for event in seen
        if event.get("type") == "Warning" and event.get("involvedObject", {}).get("name") == name
    ]
    last = max(about, key=lambda event: str(cluster_events.moment_of(event) or ""), default=None)
    return f"{last.get('reason')}: {last.get('message', '').strip()}" if last else ""
