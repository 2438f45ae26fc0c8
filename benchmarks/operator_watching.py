"""Watches a kind and records when each object changed, which all figures are computed from."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Final

from tests.harness.kubernetes import Cluster, Manifest

Name = tuple[str, str]  # namespace and name
_METADATA: Final = "application/json;as={};g=meta.k8s.io;v=v1"


class Watching:
    """The newest copy of every object of a kind in all namespaces. Use as an async context manager."""

    def __init__(self, cluster: Cluster, path: str, *, metadata_only: bool = True) -> None:
        self._cluster = cluster
        self._path = path
        self._metadata_only = metadata_only
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self.seen: dict[Name, Manifest] = {}
        self.at: dict[Name, float] = {}  # time.monotonic of the last new object or spec

    async def __aenter__(self) -> "Watching":
        headers = self._accept("PartialObjectMetadataList")
        answer = (await self._cluster.client.get(self._path, headers=headers)).raise_for_status().json()
        for item in answer["items"] or ():
            self._take("ADDED", item)
        self._task = asyncio.create_task(self._follow(answer["metadata"]["resourceVersion"]))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def until(self, holds: Callable[[], object], *, within: float) -> None:
        """Return as soon as the condition holds; TimeoutError after `within` seconds."""
        async with asyncio.timeout(within), self._changed:
            await self._changed.wait_for(lambda: bool(holds()))

    async def _follow(self, version: str) -> None:
        query = {"watch": "1", "resourceVersion": version, "timeoutSeconds": "3600"}
        async with self._cluster.client.stream(
            "GET", self._path, params=query, headers=self._accept("PartialObjectMetadata"), timeout=None
        ) as answer:
            async for line in answer.aiter_lines():
                event: dict[str, Any] = json.loads(line)
                self._take(event["type"], event["object"])
                async with self._changed:
                    self._changed.notify_all()

    def _accept(self, form: str) -> dict[str, str]:
        return {"Accept": _METADATA.format(form)} if self._metadata_only else {}

    def _take(self, kind: str, body: Manifest) -> None:
        name = body["metadata"].get("namespace", ""), body["metadata"]["name"]
        if kind == "DELETED":
            self.seen.pop(name, None)
            return
        if name not in self.seen or _identity(self.seen[name]) != _identity(body):
            self.at[name] = time.monotonic()
        self.seen[name] = body


def _identity(body: Manifest) -> tuple[str, int]:
    return body["metadata"]["uid"], body["metadata"].get("generation", 0)
