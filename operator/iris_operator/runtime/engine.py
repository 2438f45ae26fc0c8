"""Runs the operator without Kopf: store, watches, queue, workers, resync and lease.

When one of them ends, all end, and the process with them: a restart repairs every state.
"""

import asyncio
import logging
import os
import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from iris_api import kinds
from iris_api.kinds import Kind

from iris_operator import errors, metrics
from iris_operator.cluster import Cluster
from iris_operator.observe.proof import Prover
from iris_operator.observe.store import Key, Store
from iris_operator.reconcile import Context, reconcile
from iris_operator.runtime import lease, resync, watch, workers
from iris_operator.runtime.queue import REST, Queue
from iris_operator.runtime.resync import Scope
from iris_operator.runtime.settings import Settings

logger = logging.getLogger(__name__)

OLDEST_SUPPORTED: Final = (1, 33)
_STUCK_SECONDS: Final = 180.0
_START_RETRY_SECONDS: Final = 2.0


class Engine:
    """`handlers` feed it with `saw` and `lost`."""

    def __init__(self, settings: Settings, cluster: Cluster, prover: Prover) -> None:
        self._settings = settings
        self._cluster = cluster
        self._store = Store()
        self._queue = Queue(random.random, REST)
        self._context = Context(cluster, self._store, prover, lambda: datetime.now(UTC), settings.instance)
        self._synced = False
        self._leading = False
        metrics.queue_in_work(self._queue.in_work)
        # Exported by the replica that writes only: otherwise every model would be reported twice.
        metrics.models(lambda: self._store.bodies() if self._leading else ())

    def saw(self, kind: Kind, body: Mapping[str, Any]) -> None:
        """Take in an object that a watch reported."""
        self._enqueue(self._store.observe(kind, body))

    def lost(self, kind: Kind, body: Mapping[str, Any]) -> None:
        """Take in that a watch reported an object as deleted."""
        self._enqueue(self._store.vanish(kind, body))

    def dead(self) -> str:
        """Why a restart would help, or an empty text."""
        age = self._queue.oldest_age() if self._leading else 0.0
        return f"the oldest name in the queue is {age:.0f} s old" if age > _STUCK_SECONDS else ""

    def unready(self) -> str:
        """Why this replica cannot take over yet, or an empty text."""
        return "" if self._synced else "the first resync has not finished"

    async def run(self) -> None:
        """Run until cancelled, or raise what ended it."""
        versions = await self._first_resync()
        elector = self._elector()
        async with asyncio.TaskGroup() as tasks:
            for scope, version in versions.items():
                if scope.kind != kinds.IRIS_MODEL:  # Kopf watches those
                    tasks.create_task(self._follow(scope, version))
            tasks.create_task(self._resync_for_ever())
            keeping = []
            if elector is not None:
                await elector.acquire()
                keeping.append(tasks.create_task(_keep(elector)))
            else:
                metrics.leading(True)  # there is no other replica
            self._leading = True
            self._queue.newest_first()
            working = [
                tasks.create_task(workers.work(self._queue, self._reconcile))
                for _ in range(self._settings.workers)
            ]
            try:
                await asyncio.gather(*working)
            finally:
                # Stop renewing first: a renewal after the release would report a lost lease.
                for task in (*working, *keeping):
                    task.cancel()
                await asyncio.gather(*working, *keeping, return_exceptions=True)
                if elector is not None:
                    await elector.release()

    def _enqueue(self, keys: set[Key]) -> None:
        for key in keys:
            self._queue.add(key)

    async def _reconcile(self, key: Key) -> float | None:
        return await reconcile(self._context, key)

    def _elector(self) -> lease.Elector | None:
        namespace = self._settings.lease_namespace
        if namespace is None:
            return None
        identity = f"{self._settings.instance}_{random.getrandbits(32):08x}"
        return lease.Elector(
            self._cluster, namespace, identity, clock=time.monotonic, now=lambda: datetime.now(UTC)
        )

    async def _first_resync(self) -> Mapping[Scope, int]:
        said = ""
        while True:
            try:
                await self._refuse_old_cluster()
                versions = await self._resync()
            except errors.ClusterError as error:
                if str(error) != said:  # log it once, not every two seconds
                    said = str(error)
                    logger.warning("not started yet: %s%s", error, _hint(error))
                await asyncio.sleep(_START_RETRY_SECONDS)
            else:
                self._synced = True
                logger.info("ready: %d IrisModels known", len(self._store.models()))
                return versions

    async def _refuse_old_cluster(self) -> None:
        found = await self._cluster.version()
        if found < OLDEST_SUPPORTED:
            oldest = ".".join(map(str, OLDEST_SUPPORTED))
            raise errors.Unsupported(f"Kubernetes: found {found[0]}.{found[1]}, expected {oldest} or newer")

    async def _follow(self, scope: Scope, version: int) -> None:
        await watch.follow(
            self._cluster, self._store, self._queue, scope, version=version, jitter=random.random
        )

    async def _resync(self) -> Mapping[Scope, int]:
        namespaces = self._settings.namespaces
        missed, versions = await resync.once(self._cluster, self._store, self._queue, namespaces)
        # At the start everything is new: counted from 0 on, or the first correction would be no increase.
        metrics.resynced(missed if self._synced else dict.fromkeys(missed, 0))
        return versions

    async def _resync_for_ever(self) -> None:
        while True:
            # With jitter, so that replicas do not all LIST at the same moment.
            await asyncio.sleep(self._settings.resync_seconds * random.uniform(0.9, 1.1))  # noqa: S311
            try:
                await self._resync()
            except errors.ClusterError as error:
                logger.warning("resync failed: %s; the next one repeats it", error)


async def _keep(elector: lease.Elector) -> None:
    try:
        await elector.keep()
    except lease.LeaseLost as lost:
        logger.critical("%s: exiting at once", lost)
        os._exit(1)  # before any clean-up: another replica is about to write


def _hint(error: errors.ClusterError) -> str:
    return " (is the IrisModel CRD installed? kubectl apply -f crds/)" if error.code == 404 else ""
