"""The way of a version to its clients: spec, objects, pods, proof, route, each with its time. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from iris_api import readiness, reasons
from iris_operator.observe import workload

from iris_cli import evidence, fleet
from iris_cli.evidence import Snapshot
from iris_cli.kubectl import Body

OK: Final = "ok"
WAITS: Final = "waits"
FAILED: Final = "failed"
UNKNOWN: Final = "unknown"
# Ready is False for one of these before there are pods to look at.
_REFUSED: Final = frozenset(
    {reasons.INVALID_SPEC, reasons.CHILD_CONFLICT, reasons.CHILD_REFUSED, reasons.ROUTE_CONFLICT}
)
# What a model may have beside its way, and the condition that reports it.
_BESIDE: Final = {
    "Autoscaling": "AutoscalingReady",
    "Disruption budget": "DisruptionBudgetReady",
    "Monitoring": "MonitoringReady",
}


@dataclass(frozen=True, slots=True)
class Step:
    """`since`: when this step was last done or undone; None where the cluster does not keep it."""

    name: str
    mark: str
    text: str
    since: datetime | None = None


def steps(snapshot: Snapshot) -> list[Step]:
    """The five steps in their order."""
    state = evidence.observed(snapshot)
    return [_spec(snapshot.model), _objects(snapshot, state), _pods(snapshot, state), _proof(snapshot.model),
            _route(snapshot.model)]  # fmt: skip


def beside(body: Body) -> Iterator[Step]:
    """What supports the model without being on its way; only what the operator reports."""
    for name, kind in _BESIDE.items():
        condition = readiness.condition(body, kind)
        if condition:
            yield Step(name, _mark_of(condition), _text_of(condition), _moment_of(condition))


def declared_at(body: Mapping[str, Any]) -> datetime:
    """When the object was last written by anybody but the writer of its status."""
    metadata = body["metadata"]
    times = [
        entry["time"]
        for entry in metadata.get("managedFields", ())
        if entry.get("time") and entry.get("subresource") != "status"
    ]
    return datetime.fromisoformat(max(times, default=metadata["creationTimestamp"]))


def _spec(body: Body) -> Step:
    generation, version = body["metadata"].get("generation"), fleet.row(body, {}).declared
    if readiness.is_current(body):
        text = f"version {version}, generation {generation} observed"
        return Step("Spec", OK, text, declared_at(body))
    return Step(
        "Spec", WAITS, f"the operator has not observed generation {generation} yet", declared_at(body)
    )


def _objects(snapshot: Snapshot, state: workload.Workload) -> Step:
    ready = readiness.condition(snapshot.model, "Ready")
    if ready.get("reason") in _REFUSED:
        return Step("Objects", FAILED, ready["reason"], _moment_of(ready))
    if "deployments" in snapshot.unread:
        return Step("Objects", UNKNOWN, "this user may not read deployments")
    if not snapshot.deployments:
        return Step("Objects", WAITS, "no Deployment yet")
    uids = {body["metadata"].get("uid") for body in snapshot.deployments if _is_stable(snapshot, body)}
    newest = max((_created(body) for body in snapshot.replica_sets if _owners(body) & uids), default=None)
    if state.refusal:
        return Step("Objects", FAILED, state.refusal, newest)
    if not state.seen:
        return Step("Objects", WAITS, "waiting for the Deployment controller", newest)
    return Step("Objects", OK, "applied", newest)


def _pods(snapshot: Snapshot, state: workload.Workload) -> Step:
    if "pods" in snapshot.unread:
        return Step("Pods", UNKNOWN, "this user may not read pods")
    ready = [pod for pod in state.newest if pod.ready]
    text = f"{len(ready)} of {state.wanted} wanted pods are up to date and ready"
    last = max((pod.ready_at for pod in ready if pod.ready_at), default=None)
    if state.wanted and len(ready) >= state.wanted:
        return Step("Pods", OK, text, last)
    return Step("Pods", FAILED if _is_stalled(snapshot.model) else WAITS, text, last)


def _proof(body: Body) -> Step:
    row = fleet.row(body, {})
    if row.serving and row.serving == row.declared:
        history = (body.get("status") or {}).get("history") or [{}]
        return Step("Proof", OK, f"pods answered with {row.serving}", _moment(history[0].get("servedFrom")))
    text = f"{row.serving} still answers" if row.serving else "no version has answered yet"
    return Step("Proof", FAILED if _is_stalled(body) else WAITS, text)


def _route(body: Body) -> Step:
    condition = readiness.condition(body, "RouteReady")
    if condition:
        return Step("Route", _mark_of(condition), _text_of(condition), _moment_of(condition))
    return Step("Route", OK, "none declared: inside the cluster only")


def _is_stalled(body: Body) -> bool:
    return bool(readiness.condition(body, "Stalled"))


def _mark_of(condition: Mapping[str, str]) -> str:
    return {"True": OK, "False": FAILED}.get(condition.get("status", ""), WAITS)


def _text_of(condition: Mapping[str, str]) -> str:
    if condition.get("status") == "True":
        return condition.get("message", "")
    return f"{condition.get('reason', '')}: {condition.get('message', '')}"


def _moment_of(condition: Mapping[str, str]) -> datetime | None:
    return _moment(condition.get("lastTransitionTime"))


def _is_stable(snapshot: Snapshot, deployment: Body) -> bool:
    return bool(deployment["metadata"]["name"] == snapshot.model["metadata"]["name"])


def _owners(body: Body) -> set[str]:
    return {owner["uid"] for owner in body["metadata"].get("ownerReferences", ())}


def _created(body: Body) -> datetime:
    return datetime.fromisoformat(body["metadata"]["creationTimestamp"])


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
