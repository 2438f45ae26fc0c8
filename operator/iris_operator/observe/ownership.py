"""Decides who owns an object, and whether it still has every declared value. Pure.

A pass at rest writes nothing because of `holds`, and never touches another owner's object because of
`owner`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
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
_EMPTY: Final[tuple[object, ...]] = ("", None, {}, [])


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


def holds(live: Any, declared: Any, path: tuple[str, ...] = ()) -> bool:
    """Whether the live object has every declared value; what others added is theirs.

    The API server drops what is empty, so an absent field holds an empty value.
    """
    if isinstance(declared, Mapping):
        if not isinstance(live, Mapping) or (path[-1:] in _ATOMIC_MAPS and live.keys() != declared.keys()):
            return False
        return all(
            holds(live[name], value, (*path, name)) if name in live else value in _EMPTY
            for name, value in declared.items()
        )
    if isinstance(declared, Sequence) and not isinstance(declared, str):
        return _list_holds(live, declared, path)
    if live == declared:
        return True
    return bool({"requests", "limits"} & set(path)) and quantities.equal(live, declared)


def _list_holds(live: Any, declared: Sequence[Any], path: tuple[str, ...]) -> bool:
    if not isinstance(live, Sequence) or isinstance(live, str):
        return False
    key = _merge_key(declared)
    if key is None:  # an atomic list: one value
        return len(live) == len(declared) and all(
            holds(found, wanted, path) for found, wanted in zip(live, declared, strict=True)
        )
    found_by_key = {found.get(key): found for found in live if isinstance(found, Mapping)}
    return all(
        wanted[key] in found_by_key and holds(found_by_key[wanted[key]], wanted, path) for wanted in declared
    )


def _merge_key(declared: Sequence[Any]) -> str | None:
    for key in _MERGE_KEYS:
        if declared and all(isinstance(item, Mapping) and key in item for item in declared):
            return key
    return None
