"""Selects the fields of a live object that the operator applied, without what others added. Pure.

Kubernetes records the manager of each field in `managedFields`: `f:` is a field, `k:` a list item by its
keys, `{}` an atomic value.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from iris_operator.model import quantities
from iris_operator.observe import ownership

_FIELD_MANAGER: Final = "iris-operator"
Fields = Mapping[str, Any] | None  # None: the operator did not apply it


def of(live: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    """The operator's fields in the order of the declaration, so that a diff shows only differences."""
    fields: dict[str, Any] = {}
    for entry in live["metadata"].get("managedFields", ()):
        if entry.get("manager") == _FIELD_MANAGER and entry.get("operation") == "Apply":
            fields = dict(entry.get("fieldsV1", {}))
    # managedFields does not contain the object's identity.
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
    if fields == {} and not declared:  # atomic
        return dict(live)
    below = {name[2:]: part for name, part in (fields or {}).items() if name.startswith("f:")}
    kept = {}
    for name in [*declared, *(name for name in below if name not in declared)]:
        if name in live:
            kept[name] = _kept(live[name], declared.get(name), below.get(name))
        elif name in declared and declared[name] in ("", None, {}, []):
            kept[name] = declared[name]  # the API server drops empty values
    return kept


def _items(live: Sequence[Any], declared: Sequence[Any], fields: Fields) -> list[Any]:
    by_key = {name[2:]: part for name, part in (fields or {}).items() if name.startswith("k:")}
    if not by_key:  # an atomic value, or a list that the operator never applied
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
    """The key of an item in a declared list: its name, else its whole content."""
    if not isinstance(item, Mapping):
        return {"": item}
    return {"name": item["name"]} if "name" in item else item
