"""Turns IrisModels into the rows of `iris get`. Pure but for `read`."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from iris_api import readiness

from iris_cli.errors import Refused, Trouble
from iris_cli.kubectl import Body, Kubectl
from iris_cli.traffic import Key, Traffic

_ROOT: Final = "/apis/serving.two.inc/v1alpha1"
# The default of the API; the API server fills it in.
_AVAILABILITY: Final = 999


@dataclass(frozen=True, slots=True)
class Row:
    """One model; the field names are the keys of `-o json`."""

    namespace: str
    name: str
    declared: str
    serving: str
    ready: str
    reason: str
    replicas: int
    readyReplicas: int  # noqa: N815 - as in the status of the IrisModel
    requestsPerSecond: float | None  # noqa: N815
    errorShare: float | None  # noqa: N815
    errorBudgetLeft: float | None  # noqa: N815 - of 30 days; below zero: spent
    revision: str
    url: str
    created: str


def path(namespace: str | None, name: str | None = None) -> str:
    """The REST path of one IrisModel, of a namespace's, or (None) of all."""
    place = f"/namespaces/{namespace}" if namespace else ""
    return f"{_ROOT}{place}/irismodels" + (f"/{name}" if name else "")


def one(kubectl: Kubectl, namespace: str, name: str) -> Body:
    """The IrisModel; raises Trouble that names similar ones when it does not exist."""
    try:
        return kubectl.read(path(namespace, name))
    except Refused as refusal:
        if refusal.reason != "NotFound":
            raise
    raise Trouble(f"IrisModel {namespace}/{name}: not found, {_instead(kubectl, namespace, name)}")


def _instead(kubectl: Kubectl, namespace: str, name: str) -> str:
    there = [identity(body) for body in everywhere(kubectl, namespace)]
    return near(there, namespace, name)


def everywhere(kubectl: Kubectl, namespace: str) -> list[Body]:
    """Every IrisModel that this user may read: in all namespaces, else in this one."""
    try:
        return list(kubectl.read(path(None))["items"])
    except Refused as refusal:
        if refusal.reason != "Forbidden":
            raise
    return list(kubectl.read(path(namespace))["items"])


def changes(
    kubectl: Kubectl, namespace: str | None, name: str | None, *, version: str
) -> Iterator[tuple[str, Body]]:
    """Each change after this resourceVersion, until interrupted: ADDED, MODIFIED or DELETED, and the body."""
    only = f"&fieldSelector=metadata.name%3D{name}" if name else ""
    while True:
        for event in kubectl.watch(f"{path(namespace)}?watch=1&resourceVersion={version}{only}"):
            if event["type"] == "ERROR":  # too old: LIST again
                version = "0"
                break
            body: Body = event["object"]
            version = str(body["metadata"]["resourceVersion"])
            yield str(event["type"]), body


def near(there: Iterable[Key], namespace: str, name: str) -> str:
    """The same name in other namespaces, else similar names here, else all names here."""
    there = sorted(there)
    elsewhere = [place for place, other in there if other == name]
    if elsewhere:
        return f"but there is one in namespace {' and '.join(elsewhere)}: add -n {elsewhere[0]}"
    here = [other for place, other in there if place == namespace]
    if not here:
        return f"namespace {namespace} has none"
    alike = difflib.get_close_matches(name, here, n=3)
    return f"did you mean {' or '.join(alike)}?" if alike else f"there: {', '.join(here[:5])}"


def identity(body: Mapping[str, Any]) -> Key:
    return body["metadata"]["namespace"], body["metadata"]["name"]


def row(body: Mapping[str, Any], traffic: Mapping[Key, Traffic]) -> Row:
    status, (namespace, name) = body.get("status") or {}, identity(body)
    seen = traffic.get((namespace, name))
    ready, reason = _ready(body)
    return Row(
        namespace=namespace,
        name=name,
        declared=str((body.get("spec") or {}).get("version", "")),
        serving=status.get("servingVersion", ""),
        ready=ready,
        reason=reason,
        replicas=status.get("replicas", 0),
        readyReplicas=status.get("readyReplicas", 0),
        requestsPerSecond=seen.requests_per_second if seen else None,
        errorShare=seen.error_share if seen else None,
        errorBudgetLeft=_budget_left(body, seen.month_error_share if seen else None),
        revision=(status.get("source") or {}).get("revision", ""),
        url=status.get("url", ""),
        created=body["metadata"].get("creationTimestamp", ""),
    )


def since(body: Mapping[str, Any]) -> str:
    """When the present reason of Ready began: Ready itself keeps its time while it stays False."""
    reason = _ready(body)[1]
    found = (readiness.condition(body, kind) for kind in ("Stalled", "Reconciling", "Ready"))
    times = (row["lastTransitionTime"] for row in found if row.get("reason") == reason)
    return next(times, "") or readiness.condition(body, "Ready").get("lastTransitionTime", "")


def _budget_left(body: Mapping[str, Any], error_share: float | None) -> float | None:
    """What is left of the errors that the objective of the model allows, as a share."""
    if error_share is None:
        return None
    alerts = ((body.get("spec") or {}).get("monitoring") or {}).get("alerts") or {}
    allowed: int = 1000 - alerts.get("availabilityPerMille", _AVAILABILITY)
    return 1 - error_share * 1000 / allowed


def _ready(body: Mapping[str, Any]) -> tuple[str, str]:
    """The Ready condition, if the status describes the present spec."""
    if body["metadata"].get("deletionTimestamp"):
        return "False", "BeingDeleted"
    if not readiness.is_current(body):
        return "Unknown", "NotObserved"
    ready = readiness.condition(body, "Ready")
    return ready.get("status", "Unknown"), ready.get("reason", "")
