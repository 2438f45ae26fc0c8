"""LIST and compare: what the watches missed is noticed here, once at the start and then from time to time."""

import logging
from collections.abc import Sequence
from typing import Final

from iris_operator import children, kinds
from iris_operator.children import metadata
from iris_operator.cluster import Cluster
from iris_operator.kinds import Kind
from iris_operator.queue import Queue
from iris_operator.store import Store

logger = logging.getLogger(__name__)

# A thousand routine looks must not stand before what a person has just declared.
_ROUTINE_PATIENCE: Final = 10.0

# Everything that is watched: our models, and of the rest only what carries our label.
WATCHED: tuple[tuple[Kind, str | None], ...] = (
    (kinds.IRIS_MODEL, None),
    *((kind, metadata.OURS_SELECTOR) for kind in (*children.KINDS, kinds.REPLICA_SET, kinds.POD)),
)


async def once(cluster: Cluster, store: Store, queue: Queue, namespaces: Sequence[str]) -> None:
    """One LIST per kind (and watched namespace), then a look at every model.

    At rest such a look costs no call: it is for proofs that are due again and for clocks that ran out.
    """
    missed = set()
    for kind, selector in WATCHED:
        listed, versions = [], []
        for namespace in namespaces or (None,):
            items, version = await cluster.list(kind, namespace, selector)
            listed.extend(items)
            versions.append(version)
        # The oldest: what came into the first namespace while the last was listed has not vanished.
        missed |= store.compare(kind, listed, min(versions))
    for key in missed:
        queue.add(key)
    for key in store.models() - missed:
        queue.add(key, _ROUTINE_PATIENCE)
    logger.debug("sweep: %d models, %d had changed unseen", len(store.models()), len(missed))
