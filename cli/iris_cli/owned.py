"""Of a live object, what the operator declares now or declared last; what others added is left out. Pure.

Kubernetes keeps who applied which field in `managedFields`: `f:` a field, `k:` the item of a list by its
keys, `{}` a value that is one whole.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from iris_operator.model import quantities
from iris_operator.observe import ownership

_FIELD_MANAGER: Final = "iris-operator"
Fields = Mapping[str, Any] | None  # None: not applied by the operator


def of(live: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    """In the order of the declaration, so that a diff against it shows what differs and nothing else."""
    fields: dict[str, Any] = {}
    for entry in live["metadata"].get("managedFields", ()):
        if entry.get("manager") == _FIELD_MANAGER and entry.get("operation") == "Apply":
            fields = dict(entry.get("fieldsV1", {}))
    # What names the object belongs to no manager.
    metadata = {"f:name": {}, "f:namespace": {}, **fields.get("f:metadata", {})}
    kept = _mapping(live, declared, {"f:apiVersion": {}, "f:kind": {}, **fields, "f:metadata": metadata})
    annotations = kept["metadata"].get("annotations", {})
    annotations.pop(ownership.INTENT, None)
    if not annotations:
        kept["metadata"].pop("annotations", None)
    return kept


def _kept(live: Any, declared: Any, fields: Fields) -> Any:
    if isinstance(live, Mapping):
        return _mapping(live, declared if isinstance(declared, Mapping) else {}, fields)
    if isinstance(live, Sequence) and not isinstance(live, str):
        known = declared if isinstance(declared, Sequence) and not isinstance(declared, str) else ()
        return _items(live, known, fields)
    return declared if quantities.equal(live, declared) else live


def _mapping(live: Mapping[str, Any], declared: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    if fields == {} and not declared:  # one whole
        return dict(live)
    below = {name[2:]: part for name, part in (fields or {}).items() if name.startswith("f:")}
    kept = {}
    for name in [*declared, *(name for name in below if name not in declared)]:
        if name in live:
            kept[name] = _kept(live[name], declared.get(name), below.get(name))
        elif name in declared and declared[name] in ("", None, {}, []):
            kept[name] = declared[name]  # the API server drops what is empty
    return kept


def _items(live: Sequence[Any], declared: Sequence[Any], fields: Fields) -> list[Any]:
    by_key = {name[2:]: part for name, part in (fields or {}).items() if name.startswith("k:")}
    if not by_key:  # one whole, or a list that the operator never applied
        padded = [*declared, *([None] * len(live))]
        return [_kept(item, twin, {}) for item, twin in zip(live, padded, strict=False)]
    kept = []
    for item in live:
        below = next((part for keys, part in by_key.items() if _has(item, json.loads(keys))), None)
        if below is not None:
            twin = next((one for one in declared if _has(item, _name(one))), None)
            kept.append(_kept(item, twin, below))
    return kept


def _has(item: Any, keys: Mapping[str, Any]) -> bool:
    return isinstance(item, Mapping) and all(item.get(name) == value for name, value in keys.items())


def _name(item: Any) -> Mapping[str, Any]:
    """What tells an item of a declared list apart: its name, else everything that it says."""
    if not isinstance(item, Mapping):
        return {"": item}
    return {"name": item["name"]} if "name" in item else item
