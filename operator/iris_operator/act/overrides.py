"""Remembers the values of our children that an admission policy forces on every write.

To write them again would change nothing, so the status reports them instead. A value that was changed after
our write is drift and is put back. Kept in memory: after a restart one write finds them again.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from iris_api.kinds import Kind

from iris_operator.observe import ownership, store
from iris_operator.observe.ownership import Difference
from iris_operator.observe.store import Key

_Child = tuple[Kind, str]


class Overrides:
    """The differences that our last write of a child left."""

    def __init__(self) -> None:
        self._known: dict[Key, dict[_Child, list[Difference]]] = {}

    def wrote(self, kind: Kind, manifest: Mapping[str, Any], applied: Mapping[str, Any]) -> bool:
        """Compares the answer to a write with what was written; returns whether all of it was taken."""
        if ownership.holds(applied, manifest):  # untrimmed: a digest of a dashboard costs more than its text
            self.settled(kind, manifest)
            return True
        key, child = _names(kind, manifest)
        self._known.setdefault(key, {})[child] = list(_differences(kind, manifest, store.trim(kind, applied)))
        return False

    def settled(self, kind: Kind, manifest: Mapping[str, Any]) -> None:
        """This child is as declared, or is not declared any more."""
        if not self._known:
            return
        key, child = _names(kind, manifest)
        self._known.get(key, {}).pop(child, None)

    def cover(self, kind: Kind, manifest: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
        """Whether all that differs in the live object is what our last write of the same values left."""
        if not self._known:
            return False
        key, child = _names(kind, manifest)
        known = self._known.get(key, {}).get(child)
        return known is not None and known == list(_differences(kind, manifest, live))

    def forget(self, key: Key) -> None:
        """The model is gone."""
        self._known.pop(key, None)

    def of(self, key: Key) -> tuple[str, ...]:
        """One line for each value of a model's children."""
        return tuple(
            f"{kind.name} {name}: {found}"
            for (kind, name), differences in self._known.get(key, {}).items()
            for found in differences
        )


def _names(kind: Kind, manifest: Mapping[str, Any]) -> tuple[Key, _Child]:
    model = store.model_of(manifest)
    if model is None:
        raise ValueError("a child has an owner")
    return model, (kind, manifest["metadata"]["name"])


def _differences(kind: Kind, manifest: Mapping[str, Any], live: Mapping[str, Any]) -> Iterator[Difference]:
    return ownership.differences(live, store.trim(kind, manifest))
