"""Follows children and pods: a LIST and then a watch of each kind, for as long as the process lives.

Kopf watches only the IrisModels, because its task, queue and memory for each child and pod took more than a
third of our CPU and memory: one declaration causes about thirty events of a dozen objects. A watch resumes
where it ended. If that version has expired (410), a fresh LIST is compared with the store first.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from iris_operator import errors
from iris_operator.cluster import Cluster
from iris_operator.observe.store import Store
from iris_operator.runtime import resync
from iris_operator.runtime.queue import Queue
from iris_operator.runtime.resync import Scope

logger = logging.getLogger(__name__)

_SHORTEST_WAIT: Final = 0.05
# The longest wait: a watch must follow soon after the API server is back.
_LONGEST_WAIT: Final = 10.0
# A watch that lasted this long was healthy: longer than a connection's time-out.
_HEALTHY_SECONDS: Final = 30.0
# How long it may take to notice the API of an optional kind.
_ABSENT_SECONDS: Final = 30.0


async def follow(
    cluster: Cluster, store: Store, queue: Queue, scope: Scope, *, version: int, jitter: Callable[[], float]
) -> None:
    """Takes in what happens after `version` (0: LISTs first), until cancelled.

    `jitter` returns a number in [0, 1): all watches of all replicas end together with the API server.
    """
    clock, wait, troubled = asyncio.get_running_loop().time, _SHORTEST_WAIT, False
    while True:
        began = clock()
        try:
            version = version or await resync.look(cluster, store, queue, scope)
            if not version:
                await asyncio.sleep(_ABSENT_SECONDS * (0.9 + jitter() / 5))
                continue
            events = cluster.watch(scope.kind, scope.namespace, scope.selector, version)
            async for event, body in events:
                version = int(body["metadata"]["resourceVersion"])
                if event != "BOOKMARK":
                    update = store.vanish if event == "DELETED" else store.observe
                    for key in update(scope.kind, body):
                        queue.add(key)
        except errors.ClusterError as error:
            if error.code in (404, 410):
                version = 0
            elif not troubled:  # log it once, not with every attempt
                logger.warning("watch of %s: %s; trying again", scope.kind.plural, error)
                troubled = True
        if clock() - began > _HEALTHY_SECONDS:
            wait, troubled = _SHORTEST_WAIT, False
        wait = min(wait * 2, _LONGEST_WAIT)
        await asyncio.sleep(wait * (0.5 + jitter() / 2))
