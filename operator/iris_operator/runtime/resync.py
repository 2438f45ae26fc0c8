"""LISTs and compares, to find what the watches missed: once at the start, then periodically."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from iris_api import kinds
from iris_api.kinds import Kind

from iris_operator import children, errors
from iris_operator.children import metadata
from iris_operator.cluster import Cluster
from iris_operator.observe.store import Key, Store
from iris_operator.runtime.queue import Queue

logger = logging.getLogger(__name__)

# A thousand routine passes must not delay a fresh declaration.
_ROUTINE_PATIENCE: Final = 10.0

# Everything that is watched: our models, and other kinds with our label.
WATCHED: tuple[tuple[Kind, str | None], ...] = (
    (kinds.IRIS_MODEL, None),
    *((kind, metadata.OURS_SELECTOR) for kind in (*children.KINDS, kinds.REPLICA_SET, kinds.POD)),
)


@dataclass(frozen=True, slots=True)
class Scope:
    """The scope of one LIST or watch."""

    kind: Kind
    selector: str | None  # label selector
    namespace: str | None  # None: all


def scopes(namespaces: Sequence[str]) -> list[Scope]:
    """The scope of each watch, in these namespaces or (none named) in all."""
    return [Scope(kind, selector, name) for kind, selector in WATCHED for name in namespaces or (None,)]


async def once(
    cluster: Cluster, store: Store, queue: Queue, namespaces: Sequence[str]
) -> tuple[dict[str, int], dict[Scope, int]]:
    """One LIST per kind (and watched namespace), then a pass over every model.

    At rest such a look costs no call: it is for proofs that are due again and for clocks that ran out.
    Returns how many models changed without a watch event, by the plural of the kind that had changed, and the
    version of each LIST.
    """
    missed, versions = set(), {}
    found = dict.fromkeys((kind.plural for kind, _ in WATCHED), 0)
    for scope in scopes(namespaces):
        unseen, versions[scope] = await _compare(cluster, store, scope)
        found[scope.kind.plural] += len(unseen)
        missed |= unseen
    for key in missed:
        queue.add(key)
    for key in store.models() - missed:
        queue.add(key, _ROUTINE_PATIENCE)
    logger.debug("resync: %d models, %d changed without a watch event", len(store.models()), len(missed))
    return found, versions


async def look(cluster: Cluster, store: Store, queue: Queue, scope: Scope) -> int:
    """Compare one LIST; returns its version, 0 where an optional kind has no API."""
    missing = scope.kind in store.absent
    concerned, version = await _compare(cluster, store, scope)
    for key in concerned:
        queue.add(key)
    if missing and version:
        logger.info("%s is installed now", scope.kind.name)
        for key in store.models():
            queue.add(key, _ROUTINE_PATIENCE)
    return version


async def _compare(cluster: Cluster, store: Store, scope: Scope) -> tuple[set[Key], int]:
    try:
        listed, version = await cluster.list(scope.kind, scope.namespace, scope.selector)
    except errors.ClusterError as error:
        if error.code == 404 and scope.kind.optional:
            return store.uninstalled(scope.kind), 0
        raise
    return store.compare(scope.kind, scope.namespace, listed, version), version
