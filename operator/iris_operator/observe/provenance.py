"""Finds what last changed the spec: Git revision and Kustomization, where Flux applied the IrisModel.

It reads once when a generation is first seen and never afterwards: later commits did not change this spec.
"""

from collections.abc import Mapping
from typing import Any, Final

from iris_api import kinds

from iris_operator import errors
from iris_operator.cluster import Cluster

# kustomize-controller's labels on everything that it applies.
_NAME: Final = "kustomize.toolkit.fluxcd.io/name"
_NAMESPACE: Final = "kustomize.toolkit.fluxcd.io/namespace"


async def source(cluster: Cluster, body: Mapping[str, Any]) -> Mapping[str, str]:
    """`status.source`; empty without Flux, its API, its object, or the right to read it."""
    status: Mapping[str, Any] = body.get("status") or {}
    if status.get("observedGeneration") == body["metadata"].get("generation"):
        return status.get("source") or {}
    labels = body["metadata"].get("labels") or {}
    if _NAME not in labels or _NAMESPACE not in labels:
        return {}
    namespace, name = labels[_NAMESPACE], labels[_NAME]
    revision = await _revision(cluster, namespace, name)
    return {"revision": revision, "kustomization": f"{namespace}/{name}"} if revision else {}


async def _revision(cluster: Cluster, namespace: str, name: str) -> str:
    try:
        found = await cluster.read(kinds.KUSTOMIZATION, namespace, name)
    except errors.ClusterError as error:
        if error.code == 403:  # an operator confined to namespaces has no rights in Flux's
            return ""
        raise
    # Flux writes it before it applies the revision's objects.
    return str(((found or {}).get("status") or {}).get("lastAttemptedRevision", ""))
