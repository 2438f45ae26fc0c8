"""Finds what last changed the spec: Git revision and Kustomization, where Flux applied the IrisModel.

It reads once when a generation is first seen and never afterwards: later commits did not change this spec.
Only a read that failed is repeated: until it succeeds, the source has a Kustomization and no revision.
"""

import logging
from collections.abc import Mapping
from typing import Any, Final

from iris_api import kinds, sources

from iris_operator import errors
from iris_operator.cluster import Cluster

logger = logging.getLogger(__name__)

# kustomize-controller's labels on everything that it applies.
_NAME: Final = "kustomize.toolkit.fluxcd.io/name"
_NAMESPACE: Final = "kustomize.toolkit.fluxcd.io/namespace"


async def source(cluster: Cluster, body: Mapping[str, Any]) -> Mapping[str, str]:
    """`status.source`; empty without Flux, its API, its object, or the right to read it."""
    status: Mapping[str, Any] = body.get("status") or {}
    known: Mapping[str, str] = status.get("source") or {}
    if status.get("observedGeneration") == body["metadata"].get("generation") and not sources.is_half_known(
        known
    ):
        return known
    labels = body["metadata"].get("labels") or {}
    if _NAME not in labels or _NAMESPACE not in labels:
        return {}
    namespace, name = labels[_NAMESPACE], labels[_NAME]
    kustomization = {"kustomization": f"{namespace}/{name}"}
    try:
        revision = await _revision(cluster, namespace, name)
    except errors.ClusterError as error:
        logger.warning("Kustomization %s/%s not read: %s", namespace, name, error)
        return kustomization
    return {"revision": revision, **kustomization} if revision else {}


async def _revision(cluster: Cluster, namespace: str, name: str) -> str:
    try:
        found = await cluster.read(kinds.KUSTOMIZATION, namespace, name)
    except errors.ClusterError as error:
        if error.code == 403:  # an operator confined to namespaces has no rights in Flux's
            return ""
        raise
    # Flux writes it before it applies the revision's objects.
    return str(((found or {}).get("status") or {}).get("lastAttemptedRevision", ""))
