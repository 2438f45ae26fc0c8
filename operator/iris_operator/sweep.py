"""LIST and compare: what the watches missed is noticed here, once at the start and then from time to time."""

import logging
from collections.abc import Sequence
from typing import Final

from iris_operator import children, errors, kinds
from iris_operator.children import metadata
from iris_operator.cluster import Cluster
from iris_operator.kinds import Kind
from iris_operator.queue import Queue
from iris_operator.store import Key, Store

logger = logging.getLogger(__name__)

# A thousand routine looks must not stand before what a person has just declared.
_ROUTINE_PATIENCE: Final = 10.0

# Everything that is watched: our models, and of the rest only what carries our label.
WATCHED: tuple[tuple[Kind, str | None], ...] = (
    (kinds.IRIS_MODEL, None),
    *((kind, metadata.OURS_SELECTOR) for kind in (*children.KINDS, kinds.REPLICA_SET, kinds.POD)),
)


async def once(cluster: Cluster, store: Store, queue: Queue, namespaces: Sequence[str]) -> dict[str, int]:
    """One LIST per kind (and watched namespace), then a look at every model.

    At rest such a look costs no call: it is for proofs that are due again and for clocks that ran out.
    Returns how many models had changed unseen, by the plural of what told it.
    """
    missed, found = set(), {}
    for kind, selector in WATCHED:
        unseen = await _compare(cluster, store, kind, selector, namespaces)
        found[kind.plural] = len(unseen)
        missed |= unseen
    for key in missed:
        queue.add(key)
    for key in store.models() - missed:
        queue.add(key, _ROUTINE_PATIENCE)
    logger.debug("sweep: %d models, %d had changed unseen", len(store.models()), len(missed))
    return found


async def discover(cluster: Cluster, store: Store, queue: Queue, namespaces: Sequence[str]) -> None:
    """As a sweep, of the optional kinds alone that were not there: nothing to ask where none is missing."""
    before = store.absent
    for kind in before:
        await _compare(cluster, store, kind, metadata.OURS_SELECTOR, namespaces)
    for kind in before - store.absent:
        logger.info("%s is installed now", kind.name)
        for key in store.models():
            queue.add(key, _ROUTINE_PATIENCE)


async def _compare(
    cluster: Cluster, store: Store, kind: Kind, selector: str | None, namespaces: Sequence[str]
) -> set[Key]:
    listed, versions = [], []
    for namespace in namespaces or (None,):
        try:
            items, version = await cluster.list(kind, namespace, selector)
        except errors.ClusterError as error:
            if error.code == 404 and kind.optional:
                return store.uninstalled(kind)
            raise
        listed.extend(items)
        versions.append(version)
    # The oldest: what came into the first namespace while the last was listed has not vanished.
    return store.compare(kind, listed, min(versions))
