"""The part of a declaration that shapes the pods, as an annotation keeps it beside them. Pure.

What pods were built from can so be built again after the declaration has changed.
"""

import hashlib
from typing import Any

import msgspec

from iris_operator.model.spec import Fields, Image, IrisModel, Server


class Shape(Fields, frozen=True):
    """A pod template follows from these fields and the model's name."""

    version: str
    image: Image
    server: Server
    resources: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    node_selector: dict[str, str] = msgspec.field(default_factory=dict)
    tolerations: tuple[dict[str, Any], ...] = ()
    env: tuple[dict[str, Any], ...] = ()


def of(model: IrisModel) -> Shape:
    return Shape(**{name: getattr(model, name) for name in Shape.__struct_fields__})


def give(model: IrisModel, shape: Shape) -> IrisModel:
    """The model as it would be with pods of this shape."""
    return msgspec.structs.replace(model, **{name: getattr(shape, name) for name in shape.__struct_fields__})


def render(shape: Shape) -> str:
    """As in the spec, without defaults: a field that a later release adds does not change the text."""
    return msgspec.json.encode(shape, order="deterministic").decode()


def parse(text: str) -> Shape | None:
    """None for anything but what `render` writes."""
    try:
        return msgspec.json.decode(text, type=Shape)
    except msgspec.DecodeError:
        return None


def digest(shape: Shape) -> str:
    """Short enough for a status."""
    return hashlib.sha256(render(shape).encode()).hexdigest()[:16]
