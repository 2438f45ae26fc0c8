"""Reads the status of Flux's objects, and waits until a commit is applied."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.kubectl import Kubectl

ORDER = ("flux-system", "crds", "infrastructure", "operator", "models")
"""The Kustomizations, first to last."""
BEFORE_MODELS = ORDER[:-1]

_KINDS = {
    "GitRepository": "gitrepositories.source.toolkit.fluxcd.io",
    "Kustomization": "kustomizations.kustomize.toolkit.fluxcd.io",
    "HelmRelease": "helmreleases.helm.toolkit.fluxcd.io",
}


@dataclass(frozen=True, slots=True)
class FluxObject:
    """One Flux object: whether it is ready, and with which revision."""

    kind: str
    name: str
    ready: str
    """`True`, `False` or `Unknown`, from the condition Ready."""
    reason: str
    message: str
    revision: str


def parse(document: Mapping[str, Any]) -> FluxObject:
    """A condition of an older generation does not describe the current spec."""
    status = document.get("status", {})
    conditions = {each["type"]: each for each in status.get("conditions", [])}
    ready = conditions.get("Ready", {})
    current = status.get("observedGeneration") == document["metadata"]["generation"]
    # Waiting for the previous step is not a failure.
    known = current and ready.get("reason") != "DependencyNotReady"
    return FluxObject(
        kind=document["kind"],
        name=document["metadata"]["name"],
        ready=ready.get("status", "Unknown") if known else "Unknown",
        reason=ready.get("reason", ""),
        message=ready.get("message", "").splitlines()[0] if ready.get("message") else "",
        revision=_revision(document["kind"], status),
    )


def _revision(kind: str, status: Mapping[str, Any]) -> str:
    """The revision that was fetched, applied or (a chart's version) installed."""
    if kind == "GitRepository":
        return str(status.get("artifact", {}).get("revision", ""))
    if kind == "Kustomization":
        return str(status.get("lastAppliedRevision", ""))
    history = status.get("history") or [{}]
    return str(history[0].get("chartVersion", ""))


def look(kubectl: Kubectl) -> list[FluxObject]:
    """All Flux objects in the order of delivery; none without Flux."""
    try:
        found = _read(kubectl, ",".join(_KINDS.values()))
    except LocalClusterError:
        # Flux is half installed: kubectl fails for all kinds if one is missing in the API.
        found = []
        for plural in _KINDS.values():
            with suppress(LocalClusterError):
                found += _read(kubectl, plural)
    return sorted((parse(each) for each in found), key=_position)


def _read(kubectl: Kubectl, kinds: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kubectl.read(kinds, "--all-namespaces", seconds=20)["items"]
    return found


def _position(each: FluxObject) -> tuple[int, int, str]:
    position = ORDER.index(each.name) if each.name in ORDER else len(ORDER)
    return list(_KINDS).index(each.kind), position, each.name


def arrived(objects: Sequence[FluxObject], commit: str, names: Sequence[str]) -> bool:
    """Whether all these Kustomizations are ready with exactly this commit."""
    there = {each.name for each in objects if each.kind == "Kustomization" and _has(each, commit)}
    return set(names) <= there


def _has(each: FluxObject, commit: str) -> bool:
    return each.ready == "True" and each.revision.endswith(f":{commit}")


def wait(
    kubectl: Kubectl,
    commit: str,
    names: Sequence[str],
    *,
    note: Callable[[str], None] = lambda _: None,
    seconds: float = 300,
) -> list[FluxObject]:
    """Wait until these Kustomizations are ready with this commit; the error names the first that is not."""
    deadline = time.monotonic() + seconds
    while True:
        objects = look(kubectl)
        if arrived(objects, commit, names):
            return objects
        behind = next_behind(objects, commit, names)
        if time.monotonic() > deadline:
            raise LocalClusterError(f"Flux: commit {commit[:8]} not applied after {seconds:.0f} s: {behind}")
        note(behind)
        # Each read starts a process, and Flux needs the processor, too.
        time.sleep(1)


def next_behind(objects: Sequence[FluxObject], commit: str, names: Sequence[str]) -> str:
    """The first step that has not applied the commit, with its message."""
    source = [each for each in objects if each.kind == "GitRepository"]
    steps = {each.name: each for each in objects if each.kind == "Kustomization"}
    for each in source:
        if not each.revision.endswith(f":{commit}"):
            return f"GitRepository {each.name}: {each.message or 'not fetched yet'}"
    for name in names:
        if name not in steps:
            return f"Kustomization {name}: not created yet"
        if not _has(steps[name], commit):
            return f"Kustomization {name}: {steps[name].message or 'not reconciled yet'}"
    return "Flux has not started"
