"""Keeps the newest copy of every watched object, trimmed and packed, and what belongs to which IrisModel.

Watch events, the resync's LISTs and the answers to our own writes fill it; an older copy never replaces a
newer one. Copies are packed as MessagePack, because a tree of dicts takes five times the memory and time in
Python's garbage collector. No I/O.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from iris_api import kinds
from iris_api.kinds import Kind

from iris_operator.children import ROUTE_KINDS, metadata
from iris_operator.model import routes
from iris_operator.observe import ownership

Key = tuple[str, str]  # namespace and name of an IrisModel
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The known state of one IrisModel at one moment."""

    key: Key
    model: Body | None
    children: Mapping[tuple[Kind, str], Body]  # by kind and object name
    replica_sets: tuple[Body, ...]
    pods: tuple[Body, ...]
    rivals: tuple[Body, ...]  # every IrisModel with this one's host and path, itself included
    routed: frozenset[Key] = frozenset()  # those of them whose route carries that host and path
    versions: frozenset[tuple[Kind, Key, int]] = frozenset()  # of all objects in it


class _Known(NamedTuple):
    version: int
    belongs: Key | routes.Claim | None  # of a child: its model; of a model: its host and path
    packed: bytes

    def body(self) -> Any:
        return msgspec.msgpack.decode(self.packed)


class Store:
    """Objects by kind, namespace and name."""

    def __init__(self) -> None:
        self._objects: dict[Kind, dict[Key, _Known]] = defaultdict(dict)
        self._absent: set[Kind] = set()
        self._by_model: dict[Key, set[tuple[Kind, str]]] = defaultdict(set)
        self._by_claim: dict[routes.Claim, set[Key]] = defaultdict(set)

    def observe(self, kind: Kind, body: Body) -> set[Key]:
        """Store an object. Returns the models to reconcile."""
        known = self._objects[kind].get(_key(body))
        if known is not None and known.version >= _version(body):
            return set()
        return self._keep(kind, trim(kind, body), known)

    def answered(self, kind: Kind, body: Body) -> dict[str, Any]:
        """Store the answer to a write, unless a newer object is known; returns what is kept of the answer."""
        kept = trim(kind, body)
        known = self._objects[kind].get(_key(body))
        if known is None or known.version < _version(body):
            self._keep(kind, kept, known)
        return kept

    def vanish(self, kind: Kind, body: Body) -> set[Key]:
        """Remove a deleted object, unless a newer one of that name is known."""
        key = _key(body)
        known = self._objects[kind].get(key)
        if known is None or known.version > _version(body):
            return set()
        del self._objects[kind][key]
        return self._unlink(kind, key, known)

    def compare(
        self, kind: Kind, namespace: str | None, listed: Iterable[Body], list_version: int
    ) -> set[Key]:
        """Take in a whole LIST of one namespace or (None) of all: what is older and not in it has vanished
        without a word."""
        self._absent.discard(kind)
        concerned: set[Key] = set()
        present = set()
        for body in listed:
            present.add(_key(body))
            concerned |= self.observe(kind, body)
        for key, known in list(self._objects[kind].items()):
            looked = namespace in (None, key[0])
            if looked and key not in present and known.version <= list_version:
                del self._objects[kind][key]
                concerned |= self._unlink(kind, key, known)
        return concerned

    def uninstalled(self, kind: Kind) -> set[Key]:
        """Remove all objects of an optional kind whose API does not exist."""
        self._absent.add(kind)
        forgotten = self._objects.pop(kind, {})
        return {key for place, known in forgotten.items() for key in self._unlink(kind, place, known)}

    @property
    def absent(self) -> frozenset[Kind]:
        """The optional kinds whose API the last resync did not find."""
        return frozenset(self._absent)

    def models(self) -> set[Key]:
        """Every known IrisModel."""
        return set(self._objects[kinds.IRIS_MODEL])

    def bodies(self) -> Iterator[Body]:
        """The newest body of every IrisModel."""
        for known in list(self._objects[kinds.IRIS_MODEL].values()):
            yield known.body()

    def snapshot(self, key: Key) -> Snapshot:
        model = self._objects[kinds.IRIS_MODEL].get(key)
        found: dict[Kind, list[Body]] = defaultdict(list)
        children = {}
        for kind, name in self._by_model.get(key, ()):
            body = self._objects[kind][key[0], name].body()
            if kind in (kinds.POD, kinds.REPLICA_SET):
                found[kind].append(body)
            else:
                children[kind, name] = body
        claimants = self._claimants(key)
        own: Any = model.body() if model else None
        return Snapshot(
            key=key,
            model=own,
            children=children,
            replica_sets=tuple(found[kinds.REPLICA_SET]),
            pods=tuple(found[kinds.POD]),
            rivals=tuple(
                own if rival == key else self._objects[kinds.IRIS_MODEL][rival].body() for rival in claimants
            ),
            routed=frozenset(rival for rival in claimants if self._carries(rival, model)),
            versions=self._versions(key),
        )

    def renewed(self, snapshot: Snapshot) -> Snapshot:
        """The same one while nothing in it has changed, which saves decoding all of it; else a new one."""
        return snapshot if snapshot.versions == self._versions(snapshot.key) else self.snapshot(snapshot.key)

    def _keep(self, kind: Kind, trimmed: Body, known: _Known | None) -> set[Key]:
        key = _key(trimmed)
        concerned = self._unlink(kind, key, known)
        belongs = routes.claim(trimmed) if kind == kinds.IRIS_MODEL else model_of(trimmed)
        packed = msgspec.msgpack.encode(trimmed)
        self._objects[kind][key] = _Known(_version(trimmed), belongs, packed)
        return concerned | self._link(kind, key, belongs)

    def _claimants(self, key: Key) -> Iterable[Key]:
        model = self._objects[kinds.IRIS_MODEL].get(key)
        return self._by_claim.get(model.belongs, ()) if model and model.belongs else ()

    def _versions(self, key: Key) -> frozenset[tuple[Kind, Key, int]]:
        """Everything that a snapshot is made of, with its version."""
        owned = {(kind, (key[0], name)) for kind, name in self._by_model.get(key, ())}
        for rival in {key, *self._claimants(key)}:
            owned.add((kinds.IRIS_MODEL, rival))
            owned |= {
                (kind, (rival[0], name))
                for kind, name in self._by_model.get(rival, ())
                if kind in ROUTE_KINDS
            }
        return frozenset(
            (kind, place, known.version)
            for kind, place in owned
            if (known := self._objects[kind].get(place)) is not None
        )

    def _carries(self, key: Key, model: _Known | None) -> bool:
        found = [child for child in self._by_model.get(key, ()) if child[0] in ROUTE_KINDS]
        bodies = (self._objects[kind][key[0], name].body() for kind, name in found)
        return model is not None and any(routes.carried(body) == model.belongs for body in bodies)

    def _link(self, kind: Kind, key: Key, belongs: Key | routes.Claim | None) -> set[Key]:
        if kind == kinds.IRIS_MODEL:
            if belongs is None:
                return {key}
            self._by_claim[belongs].add(key)
            return {key} | self._by_claim[belongs]
        if belongs is None:
            return set()
        self._by_model[belongs].add((kind, key[1]))
        return {belongs}

    def _unlink(self, kind: Kind, key: Key, known: _Known | None) -> set[Key]:
        if known is None:
            return set()
        belongs = known.belongs
        if kind == kinds.IRIS_MODEL:
            others = self._by_claim[belongs] if belongs else set()
            others.discard(key)
            if belongs and not others:
                del self._by_claim[belongs]
            return {key} | others
        if belongs is None:
            return set()
        self._by_model[belongs].discard((kind, key[1]))
        if not self._by_model[belongs]:
            del self._by_model[belongs]
        return {belongs}


def model_of(body: Body) -> Key | None:
    """The IrisModel that an object belongs to: by its owner, else (pods, stripped children) by our labels."""
    namespace = body["metadata"]["namespace"]
    reference = ownership.controller(body)
    if reference is not None and ownership.is_model(reference):
        return namespace, reference["name"]
    labels = body["metadata"].get("labels", {})
    if labels.get(metadata.MANAGED_BY_LABEL) == metadata.MANAGED_BY and metadata.INSTANCE_LABEL in labels:
        return namespace, labels[metadata.INSTANCE_LABEL]
    return None


def _key(body: Body) -> Key:
    return body["metadata"]["namespace"], body["metadata"]["name"]


def _version(body: Body) -> int:
    # Numbers that can be compared: part of the API's contract since Kubernetes 1.35.
    return int(body["metadata"].get("resourceVersion", 0))


def trim(kind: Kind, body: Body) -> dict[str, Any]:
    """The part of an object that is kept; to compare a declared child with it, trim that, too."""
    kept = {name: value for name, value in body["metadata"].items() if name != "managedFields"}
    if kind == kinds.POD:  # most of the memory: only the state of a pod is needed
        spec = body.get("spec") or {}
        placed = {name: spec[name] for name in ("nodeName", "readinessGates") if name in spec}
        ports = [{"ports": part["ports"]} for part in spec.get("containers", ()) if "ports" in part]
        if ports:  # one of them is where the operator asks it
            placed["containers"] = ports
        return {"metadata": kept, "spec": placed, "status": body.get("status", {})}
    if kind == kinds.REPLICA_SET:
        return {"metadata": kept}
    if kind == kinds.CONFIG_MAP:  # a dashboard is ten times as long as everything else of a model
        data = body.get("data", {}).items()
        return {
            **body,
            "metadata": kept,
            "data": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in data},
        }
    return {**body, "metadata": kept}
