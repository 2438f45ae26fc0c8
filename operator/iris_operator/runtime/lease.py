"""Elects the replica that writes, by a Lease. All replicas keep a full store, so a takeover is quick.

Times are measured by our own monotonic clock, because the other replica's clock may be wrong. A holder that
cannot renew in time ends its process at once, before another replica may begin.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from iris_api import kinds

from iris_operator import errors, metrics
from iris_operator.cluster import Body, Cluster

logger = logging.getLogger(__name__)

NAME: Final = "iris-operator"
DURATION_SECONDS: Final = 10.0  # others may take a lease that was not renewed for this long
RENEW_WITHIN_SECONDS: Final = 7.0  # its holder stops before that
RETRY_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 1.0  # a released lease waits for half of this on average


class LeaseLost(Exception):  # noqa: N818 - an outcome
    """The lease was not renewed in time: this process must not write any more."""


class Elector:
    """Holds the lease. `clock` is monotonic, `now` is the wall clock for the record that people read."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        identity: str,
        *,
        clock: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._identity = identity
        self._clock = clock
        self._now = now
        self._seen: tuple[str, float] = ("", 0.0)  # the other's record, and when it was first seen
        self._held: Body | None = None
        self._written_at = 0.0  # when our last successful write was sent, by `clock`

    async def acquire(self) -> None:
        """Wait until this process may write."""
        logger.info("waiting for lease %s/%s", self._namespace, NAME)
        while not await self._bounded(self._try_acquire()):  # noqa: ASYNC110 - the other end is a process
            await asyncio.sleep(LOOK_SECONDS)
        metrics.leading(True)
        logger.info("lease %s/%s taken: this replica writes", self._namespace, NAME)

    async def keep(self) -> None:
        """Renew until that fails; then raise LeaseLost."""
        while (left := self._left()) > 0:
            await asyncio.sleep(min(RETRY_SECONDS, left))
            renewed = (left := self._left()) > 0 and await self._bounded(self._renew(), seconds=left)
            if not renewed and self._held is None:
                break
        metrics.leading(False)
        raise LeaseLost(f"lease {self._namespace}/{NAME} was not renewed in time")

    def _left(self) -> float:
        return self._written_at + RENEW_WITHIN_SECONDS - self._clock()

    async def release(self) -> None:
        """Let the other replica begin at once; does nothing when the lease is not ours."""
        if self._held is not None:
            await self._bounded(self._write(self._held, holder="", duration=1))
            self._held = None

    async def _bounded(self, attempt: Any, seconds: float = RETRY_SECONDS * 2) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                try:
                    return bool(await attempt)
                except errors.ClusterError as error:
                    logger.warning("lease %s/%s: %s", self._namespace, NAME, error)
        return False

    async def _try_acquire(self) -> bool:
        found = await self._cluster.read(kinds.LEASE, self._namespace, NAME)
        if found is None:
            identity = {"name": NAME, "namespace": self._namespace}
            empty = {"apiVersion": kinds.LEASE.api_version, "kind": kinds.LEASE.name, "metadata": identity}
            return await self._write(empty, holder=self._identity, create=True)
        spec = found.get("spec") or {}
        record = f"{found['metadata']['uid']} {found['metadata']['resourceVersion']}"
        if record != self._seen[0]:
            self._seen = record, self._clock()
        free = not spec.get("holderIdentity") or spec["holderIdentity"] == self._identity
        if not free and self._clock() < self._seen[1] + DURATION_SECONDS:
            return False
        return await self._write(found, holder=self._identity)

    async def _renew(self) -> bool:
        if self._held is None:
            return False
        try:
            return await self._write(self._held, holder=self._identity)
        except errors.ClusterError as error:
            if error.code == 409:
                return await self._still_ours()
            raise

    async def _still_ours(self) -> bool:
        """A 409 may be caused by our own write, whose answer was lost."""
        found = await self._cluster.read(kinds.LEASE, self._namespace, NAME)
        if found is None or (found.get("spec") or {}).get("holderIdentity") != self._identity:
            self._held = None
            return False
        return await self._write(found, holder=self._identity)

    async def _write(
        self, lease: Body, *, holder: str, duration: int = int(DURATION_SECONDS), create: bool = False
    ) -> bool:
        before = lease.get("spec") or {}
        moment = self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        changes_hands = holder != "" and before.get("holderIdentity") != holder
        spec = {
            "holderIdentity": holder,
            "leaseDurationSeconds": duration,
            "acquireTime": moment if changes_hands else before.get("acquireTime", moment),
            "renewTime": moment,
            "leaseTransitions": before.get("leaseTransitions", 0) + (1 if changes_hands and before else 0),
        }
        write = self._cluster.create if create else self._cluster.replace
        asked_at = self._clock()  # others count from the write, which comes before its answer
        self._held = await write(kinds.LEASE, {**lease, "spec": spec})
        self._written_at = asked_at
        return True
