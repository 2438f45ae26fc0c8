"""The cluster port in memory, for tests that run thousands of schedules; the real one is `cluster.ApiServer`.

Honest about what callers build on: growing resourceVersions, uids, 409 for a stale or double write, the uid
precondition of a delete, one value per field of an apply, fields that an apply gives up, generations of
Deployments and HTTPRoutes, watches that go on where one ended until that is forgotten. Conflicts of managers,
defaulting and validation are the API server's business and are tested there. `before` may raise or wait, once
per call: a fault. `written` sees every object as it is stored.
"""

import asyncio
import copy
import functools
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from iris_api import kinds
from iris_api.kinds import Kind
from iris_operator import errors
from iris_operator.cluster import FIELD_MANAGER, Body


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked, for tests that count."""

    verb: str
    kind: Kind
    namespace: str | None
    name: str | None  # of a watch: the version from which on
    manager: str = ""


async def _no_fault(_: Call) -> None:
    return None


def _unwatched(_: Kind, __: Body) -> None:
    return None


class FakeCluster:
    """Implements iris_operator.cluster.Cluster."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.refused: list[Call] = []  # of these: changed nothing, for what was to be created was there
        self.before: Callable[[Call], Awaitable[None]] = _no_fault
        self.after: Callable[[Call], Awaitable[None]] = _no_fault  # the write stands, its answer may not come
        self.written: Callable[[Kind, Body], None] = _unwatched
        self._objects: dict[tuple[Kind, str | None, str], Body] = {}
        # By manager and subresource, what each of them applied last.
        self._applied: dict[tuple[Kind, str, str], dict[tuple[str, str | None], Body]] = {}
        self._happened: list[tuple[int, str, Kind, Body]] = []
        self._forgotten = 0
        self._news = asyncio.Event()
        self._streams = 0  # how often all watches were ended
        self._versions = itertools.count(1000)
        self._uids = itertools.count(1)

    @property
    def writes(self) -> list[Call]:
        return [
            call
            for call in self.calls
            if call.verb not in ("read", "list", "watch") and not any(call is one for one in self.refused)
        ]

    def put(self, kind: Kind, body: Mapping[str, Any]) -> Body:
        """Somebody else writes."""
        place = (kind, body["metadata"]["namespace"], body["metadata"]["name"])
        known = self._objects.get(place, {"metadata": {"uid": f"uid-{next(self._uids)}"}})
        metadata = {"uid": known["metadata"]["uid"], **copy.deepcopy(dict(body["metadata"]))}
        metadata["resourceVersion"] = str(next(self._versions))
        if kind in (kinds.DEPLOYMENT, kinds.HTTP_ROUTE):
            metadata["generation"] = _generation(known, body)
        event = "MODIFIED" if place in self._objects else "ADDED"
        self._objects[place] = {**copy.deepcopy(dict(body)), "metadata": metadata}
        self._happen(event, kind, self._objects[place])
        self.written(kind, self._objects[place])
        return copy.deepcopy(self._objects[place])

    def take(self, kind: Kind, body: Mapping[str, Any]) -> None:
        """Somebody else deletes."""
        self._remove((kind, body["metadata"]["namespace"], body["metadata"]["name"]))

    def forget(self) -> None:
        """What has happened so far is compacted away."""
        self._forgotten = next(self._versions)
        self._happened.clear()

    def bookmark(self, kind: Kind) -> int:
        """Tells the watches of this kind how far they have come; returns the version."""
        version = next(self._versions)
        self._happen("BOOKMARK", kind, {"metadata": {"resourceVersion": str(version)}})
        return version

    def end_watches(self) -> None:
        """As a restart of the API server does."""
        self._streams += 1
        self._wake()

    def find(self, kind: Kind, namespace: str | None, name: str) -> Body | None:
        """What stands there, without a call."""
        return copy.deepcopy(self._objects.get((kind, namespace, name)))

    @property
    def happened(self) -> int:
        """How many changes of objects there were."""
        return len(self._happened)

    def version_now(self) -> int:
        """As a LIST would have it."""
        return next(self._versions)

    def names(self, kind: Kind, namespace: str) -> list[str]:
        """The objects of a kind, without a call."""
        return [name for known, space, name in self._objects if (known, space) == (kind, namespace)]

    async def read(self, kind: Kind, namespace: str | None, name: str) -> Body | None:
        call = await self._called(Call("read", kind, namespace, name))
        found = self.find(kind, namespace, name)
        await self.after(call)
        return found

    async def list(self, kind: Kind, namespace: str | None, selector: str | None) -> tuple[list[Body], int]:
        await self._called(Call("list", kind, namespace, None))
        wanted = dict(part.split("=") for part in selector.split(",")) if selector else {}
        found = [
            copy.deepcopy(body)
            for (known, space, _), body in self._objects.items()
            if known == kind
            and namespace in (None, space)
            and wanted.items() <= body["metadata"].get("labels", {}).items()
        ]
        return found, next(self._versions)

    async def watch(
        self, kind: Kind, namespace: str | None, selector: str | None, version: int
    ) -> AsyncIterator[tuple[str, Body]]:
        """The selector is not asked: tests put only what carries our label."""
        await self._called(Call("watch", kind, namespace, str(version)))
        stream = self._streams
        while stream == self._streams:
            if version < self._forgotten:
                raise errors.ClusterError(410, "too old resource version")
            for happened, event, changed, body in list(self._happened):
                space = body["metadata"].get("namespace")
                if changed == kind and happened > version and namespace in (None, space):
                    yield event, copy.deepcopy(body)
                    version = happened
            await self._news.wait()

    async def apply(
        self,
        kind: Kind,
        manifest: Body,
        *,
        subresource: str | None = None,
        manager: str = FIELD_MANAGER,
        absent: bool = False,
    ) -> Body:
        metadata = manifest["metadata"]
        verb = f"apply {subresource}" if subresource else "apply"
        call = await self._called(Call(verb, kind, metadata["namespace"], metadata["name"], manager))
        known = self.find(kind, metadata["namespace"], metadata["name"])
        if known is not None and metadata.get("uid", known["metadata"]["uid"]) != known["metadata"]["uid"]:
            raise errors.ClusterError(409, "the uid does not match")
        if known is not None and absent:
            self.refused.append(call)
            raise errors.ClusterError(409, "the object has been modified")
        if known is not None and _stale(metadata, known):
            raise errors.ClusterError(409, "the object has been modified")
        applied = self._applied.setdefault((kind, metadata["namespace"], metadata["name"]), {})
        former = applied.pop((manager, subresource), {}) if known else {}
        kept = functools.reduce(_merged, applied.values(), manifest)
        merged = _merged(_without(known or {"metadata": {}}, former, kept), manifest)
        applied[manager, subresource] = copy.deepcopy(manifest)
        written = known if known is not None and merged == known else self.put(kind, merged)
        await self.after(call)
        return written

    async def create(self, kind: Kind, manifest: Body) -> Body:
        metadata = manifest["metadata"]
        call = await self._called(Call("create", kind, metadata["namespace"], metadata["name"]))
        if (kind, metadata["namespace"], metadata["name"]) in self._objects:
            raise errors.ClusterError(409, f"{metadata['name']} already exists")
        written = self.put(kind, manifest)
        await self.after(call)
        return written

    async def replace(self, kind: Kind, manifest: Body) -> Body:
        metadata = manifest["metadata"]
        call = await self._called(Call("replace", kind, metadata["namespace"], metadata["name"]))
        known = self.find(kind, metadata["namespace"], metadata["name"])
        if known is None:
            raise errors.ClusterError(404, f"{metadata['name']} not found")
        if known["metadata"]["resourceVersion"] != metadata.get("resourceVersion"):
            raise errors.ClusterError(409, "the object has been modified")
        written = self.put(kind, manifest)
        await self.after(call)
        return written

    async def delete(self, kind: Kind, body: Body) -> None:
        metadata = body["metadata"]
        call = await self._called(Call("delete", kind, metadata["namespace"], metadata["name"]))
        known = self.find(kind, metadata["namespace"], metadata["name"])
        if known is not None and known["metadata"]["uid"] != metadata["uid"]:
            raise errors.ClusterError(409, "the uid in the precondition does not match")
        if known is not None:
            self._remove((kind, metadata["namespace"], metadata["name"]))
        await self.after(call)

    async def version(self) -> tuple[int, int]:
        return 1, 37

    def _remove(self, place: tuple[Kind, str | None, str]) -> None:
        gone = self._objects.pop(place)
        metadata = {**gone["metadata"], "resourceVersion": str(next(self._versions))}
        self._happen("DELETED", place[0], {**gone, "metadata": metadata})

    def _happen(self, event: str, kind: Kind, body: Body) -> None:
        self._happened.append((int(body["metadata"]["resourceVersion"]), event, kind, copy.deepcopy(body)))
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _called(self, call: Call) -> Call:
        self.calls.append(call)
        await self.before(call)
        return call


def _without(known: Any, former: Any, kept: Any) -> Any:
    """What an apply no longer names, and no other manager does, is removed."""
    if not isinstance(known, Mapping) or not isinstance(former, Mapping) or not isinstance(kept, Mapping):
        return known
    return {
        name: _without(value, former.get(name), kept.get(name))
        for name, value in known.items()
        if name in kept or name not in former
    }


def _generation(known: Body, body: Mapping[str, Any]) -> int:
    """Of a Deployment it also counts annotations; those of its own controller are written with its status."""
    former = known["metadata"].get("generation", 0)
    same = known.get("spec") == body["spec"] and (
        known["metadata"].get("annotations") == body["metadata"].get("annotations")
        or known.get("status") != body.get("status")
    )
    return int(former if same else former + 1)


def _stale(metadata: Mapping[str, Any], known: Body) -> bool:
    now = known["metadata"]["resourceVersion"]
    return bool(metadata.get("resourceVersion", now) != now)


def _merged(known: Any, applied: Any) -> Any:
    """Maps by key, everything else as one value."""
    if isinstance(known, Mapping) and isinstance(applied, Mapping):
        return {**known, **{name: _merged(known.get(name), value) for name, value in applied.items()}}
    return copy.deepcopy(applied)
