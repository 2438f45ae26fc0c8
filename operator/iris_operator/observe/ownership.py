"""Decides who owns an object, and whether it still has every declared value. Pure.

A pass at rest writes nothing because of `holds`, and never touches another owner's object because of
`owner`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from iris_api import kinds

from iris_operator.children import metadata
from iris_operator.model import quantities
from iris_operator.model.spec import IrisModel

# Digest of the whole intent, on the child itself: a field that we stop owning changes it, so it is removed.
INTENT: Final = "serving.two.inc/intent"

# The merge keys of lists that Kubernetes treats as maps; any other list is one value.
_MERGE_KEYS: Final = ("name", "uid", "containerPort", "topologyKey")
# Kubernetes treats a selector as one value: an added key would exclude the pods.
_ATOMIC_MAPS: Final = (("selector",), ("matchLabels",), ("nodeSelector",))
# Lists of objects with a name that are one value all the same: an added backend would get requests.
_ATOMIC_LISTS: Final = (("parentRefs",), ("backendRefs",))
_EMPTY: Final[tuple[object, ...]] = ("", None, {}, [])
# The concrete type is tested first: the abstract one costs ten times as much.
_MAPPING: Final = (dict, Mapping)
_SEQUENCE: Final = (list, Sequence)


def stamp(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with its own digest in an annotation."""
    canonical = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
    digest = hashlib.sha256(canonical).hexdigest()[:16]
    annotations = {**manifest["metadata"].get("annotations", {}), INTENT: digest}
    return {**manifest, "metadata": {**manifest["metadata"], "annotations": annotations}}


def controller(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The ownerReference that controls this object."""
    for reference in body["metadata"].get("ownerReferences", ()):
        if reference.get("controller"):
            return reference  # type: ignore[no-any-return]  # raw JSON
    return None


def is_model(reference: Mapping[str, Any]) -> bool:
    """Whether an ownerReference points to an IrisModel, of any API version."""
    group = str(reference.get("apiVersion", "")).partition("/")[0]
    return group == kinds.IRIS_MODEL.group and reference.get("kind") == kinds.IRIS_MODEL.name


def owner(body: Mapping[str, Any], model: IrisModel) -> Literal["ours", "former", "foreign"]:
    """Whose is this object, seen from `model`?

    "former" belongs to a deleted IrisModel of the same name and is about to be collected. An object that lost
    its ownerReference is ours when both our label and our intent are still on it.
    """
    reference = controller(body)
    if reference is not None:
        if reference.get("uid") == model.uid:
            return "ours"
        return "former" if is_model(reference) and reference.get("name") == model.name else "foreign"
    labelled = body["metadata"].get("labels", {}).get(metadata.MANAGED_BY_LABEL) == metadata.MANAGED_BY
    stamped = INTENT in body["metadata"].get("annotations", {})
    return "ours" if labelled and stamped else "foreign"


@dataclass(frozen=True, slots=True)
class Difference:
    """A declared value that the live object does not have."""

    path: tuple[str, ...]
    found: Any
    expected: Any

    def __str__(self) -> str:
        found = "nothing" if self.found is None else repr(self.found)
        return f"{'.'.join(self.path).replace('.[', '[')}: found {found}, expected {self.expected!r}"


def holds(live: Any, declared: Any) -> bool:
    """Whether the live object has every declared value; what others added is theirs."""
    return next(differences(live, declared), None) is None


def differences(live: Any, declared: Any, path: tuple[str, ...] = ()) -> Iterator[Difference]:
    """Every declared value that the live object does not have.

    The API server drops what is empty, so an absent field holds an empty value.
    """
    if live == declared:  # most of an object, and many times quicker than a walk through it
        return
    if isinstance(declared, _MAPPING):
        if not isinstance(live, _MAPPING) or (path[-1:] in _ATOMIC_MAPS and live.keys() != declared.keys()):
            yield Difference(path, live, declared)
            return
        for name, value in declared.items():
            if name in live:
                yield from differences(live[name], value, (*path, name))
            elif value not in _EMPTY:
                yield Difference((*path, name), None, value)
    elif isinstance(declared, _SEQUENCE) and not isinstance(declared, str):
        yield from _list_differences(live, declared, path)
    elif not ({"requests", "limits"} & set(path) and quantities.equal(live, declared)):
        yield Difference(path, live, declared)


def _list_differences(live: Any, declared: Sequence[Any], path: tuple[str, ...]) -> Iterator[Difference]:
    key = None if path[-1:] in _ATOMIC_LISTS else _merge_key(declared)
    if (
        not isinstance(live, _SEQUENCE)
        or isinstance(live, str)
        or (key is None and len(live) != len(declared))
    ):
        yield Difference(path, live, declared)
        return
    if key is None:  # an atomic list: one value
        for found, wanted in zip(live, declared, strict=True):
            yield from differences(found, wanted, path)
        return
    found_by_key = {found.get(key): found for found in live if isinstance(found, _MAPPING)}
    for wanted in declared:
        place = (*path, f"[{wanted[key]}]")
        if wanted[key] in found_by_key:
            yield from differences(found_by_key[wanted[key]], wanted, place)
        else:
            yield Difference(place, None, wanted)


def _merge_key(declared: Sequence[Any]) -> str | None:
    for key in _MERGE_KEYS:
        if declared and all(isinstance(item, _MAPPING) and key in item for item in declared):
            return key
    return None
