"""The CRD as tests read it: its schema, every field with its path, every default."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

PATH = Path(__file__).parents[2] / "crds" / "irismodels.serving.two.inc.yaml"
CRD: dict[str, Any] = yaml.safe_load(PATH.read_text("utf-8"))
VERSION: dict[str, Any] = CRD["spec"]["versions"][0]
ROOT: dict[str, Any] = VERSION["schema"]["openAPIV3Schema"]
SPEC: dict[str, Any] = ROOT["properties"]["spec"]


def fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field below, with its path: `a.b`, `a.[]` for items, `a.*` for the values of a map."""
    below = dict(schema.get("properties", {}))
    if "items" in schema:
        below["[]"] = schema["items"]
    if "additionalProperties" in schema:
        below["*"] = schema["additionalProperties"]
    for name, field in below.items():
        here = f"{path}.{name}" if path else name
        yield here, field
        yield from fields(field, here)


def defaults(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every default of a leaf, with its path."""
    for path, field in fields(schema):
        if "default" in field and field.get("type") != "object":
            yield path, field["default"]
