"""Changes a model of its own on the running local cluster while a client outside sends requests.

Watches are kubectl's. Everything runs in one event loop, so that all moments are of one clock. Besides the
answers it records what happened on the cluster, so that a lost request can be explained.
"""

import asyncio
import contextlib
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.up import load_client, models
from iris_local_cluster.up.load_client import Answer

from tests.truth import declaration, timeline, watches
from tests.truth.changes import Change
from tests.truth.declaration import HOST, NAME
from tests.truth.timeline import Entry
from tests.truth.verdict import Declared, Share

_PATIENCE_SECONDS: Final = 600.0
# How late this process's own event loop may be; later, a lost request may be this machine's fault.
_BEAT_SECONDS, _LATE_SECONDS = 0.1, 0.3


@dataclass(slots=True)
class Observed:
    """What the client saw so far."""

    answers: list[Answer] = field(default_factory=list)
    declared: list[Declared] = field(default_factory=list)
    ready: dict[int, float] = field(default_factory=dict)  # by generation: when Ready=True was first seen
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    timeline: list[Entry] = field(default_factory=list)
    shares: list[Share] = field(default_factory=list)

    def happened(self, text: str) -> None:
        self.timeline.append(Entry(time.monotonic(), text))


class Run:
    """A client, and the person who changes the model. `observed` is also there after an error."""

    def __init__(
        self, kubectl: Kubectl, address: str, rate: float, *, strategy: str, note: Callable[[str], None]
    ) -> None:
        self._kubectl = kubectl
        self._address = address
        self._rate = rate
        self._strategy = strategy
        self._note = note
        self.observed = Observed()

    async def make(self, first: str, changes: Sequence[Change]) -> None:
        """Make these changes under load, once the model serves its first version to the outside."""
        async with self._watched():
            await self._until_ready(await self._declare(first))
            await asyncio.to_thread(models.predict, self._address, HOST)
            async with self._loaded():
                for number, change in enumerate(changes, 1):
                    self.observed.happened(timeline.change(number, change.kind))
                    self._note(f"[{number}/{len(changes)}] {await self._one(change)}")

    async def _one(self, change: Change) -> str:
        before = len(self.observed.answers)
        if change.detour:
            await self._declare(change.detour)
            await asyncio.sleep(change.detour_seconds)
        await self._until_ready(await self._declare(change.version, change.kind))
        seconds = time.monotonic() - self.observed.declared[-1].sent
        await asyncio.sleep(change.hold_seconds)
        sent = len(self.observed.answers) - before
        detour = f"{change.detour} for {change.detour_seconds:.1f} s, then " if change.detour else ""
        return f"{change.kind}: {detour}{change.version}: Ready after {seconds:.1f} s, {sent} requests"

    @contextlib.asynccontextmanager
    async def _watched(self) -> AsyncIterator[None]:
        receivers = {
            watches.of_model(NAME): self._saw,
            watches.of_rollout(NAME): self._saw_share,
            watches.of_pods(NAME): self.observed.happened,
            watches.of_endpoints(NAME): self.observed.happened,
        }
        async with watches.following(self._kubectl, models.NAMESPACE, receivers):
            beating = asyncio.create_task(self._beat())
            try:
                yield
            finally:
                beating.cancel()

    async def _beat(self) -> None:
        while True:
            due = time.monotonic() + _BEAT_SECONDS
            await asyncio.sleep(_BEAT_SECONDS)
            late = time.monotonic() - due
            if late > _LATE_SECONDS:
                self.observed.happened(
                    f"client: its event loop was {late:.2f} s late, load {os.getloadavg()[0]:.0f}"
                )

    @contextlib.asynccontextmanager
    async def _loaded(self) -> AsyncIterator[None]:
        """Requests at a constant rate; at the end the outstanding answers are awaited."""
        ended = threading.Event()
        url, receive = f"http://{self._address}/api/v1/predict", self.observed.answers.append
        sending = asyncio.create_task(
            load_client.send(url, host=HOST, rate=self._rate, ended=ended, receive=receive)
        )
        try:
            yield
        finally:
            ended.set()
            await sending

    async def _declare(self, version: str, kind: str = "") -> int:
        """The generation that declares it."""
        sent = time.monotonic()
        if self.observed.declared:
            self.observed.declared[-1].until = sent
        self.observed.declared.append(Declared(version, sent, kind))
        self.observed.happened(f"model: version {version} declared")
        generation = await asyncio.to_thread(
            self._kubectl.run,
            "apply", "--server-side", "--field-manager=truth", "--filename=-",
            "--output=jsonpath={.metadata.generation}",
            content=json.dumps(declaration.model(version, self._strategy)),
        )  # fmt: skip
        return int(generation)

    async def _until_ready(self, generation: int) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while generation not in self.observed.ready:
                    self.observed.changed.clear()
                    await self.observed.changed.wait()
        except TimeoutError:
            now = await asyncio.to_thread(models.look, self._kubectl, NAME)
            raise LocalClusterError(
                f"irismodel {NAME}: after {_PATIENCE_SECONDS:.0f} s: {now.reason}: {now.message}"
            ) from None
        self.observed.declared[-1].ready = self.observed.ready[generation]

    def _saw(self, line: str) -> None:
        match line.split():
            case [generation, observed, "True"] if generation == observed:
                if int(generation) not in self.observed.ready:
                    self.observed.happened(f"model: Ready=True for generation {generation}")
                self.observed.ready.setdefault(int(generation), time.monotonic())
                self.observed.changed.set()

    def _saw_share(self, line: str) -> None:
        """The candidate's part of the requests, once the Gateway has accepted it; any other line ends it.

        In a promotion the stable pods get the same version, so that answers show no split any more.
        """
        words = line.split()
        divided = len(words) == 4 and words[0] in ("Stepping", "Judging")
        declared = (words[3], int(words[2])) if divided else None
        shares = self.observed.shares
        present = (shares[-1].version, shares[-1].percent) if shares and shares[-1].is_open else None
        if declared == present:
            return
        now = time.monotonic()
        if present is not None:
            shares[-1].until = now
        if declared is not None:
            shares.append(Share(*declared, since=now))
            self.observed.happened(f"model: {declared[1]} % of the requests to {declared[0]}")


def delete(kubectl: Kubectl) -> None:
    kubectl.run(
        "delete", "irismodel", NAME, f"--namespace={models.NAMESPACE}", "--ignore-not-found", "--wait=false"
    )
