"""The part of a declaration that shapes the pods, as an annotation keeps it beside them. Pure.

What pods were built from can so be built again after the declaration has changed.
"""

import hashlib
from typing import Any

import msgspec

from iris_operator.model.spec import Artifact, Fields, Image, IrisModel, Server


class Shape(Fields, frozen=True):
    """The fields that, with the model's name and the path of its route, determine the pod template.

    The path is no part of it: the pods of every version follow the present route.
    """

    version: str
    image: Image
    server: Server
    artifact: Artifact | None = None
    resources: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)
    node_selector: dict[str, str] = msgspec.field(default_factory=dict)
    tolerations: tuple[dict[str, Any], ...] = ()
    env: tuple[dict[str, Any], ...] = ()


def of(model: IrisModel) -> Shape:
    return Shape(**{name: getattr(model, name) for name in Shape.__struct_fields__})


def give(model: IrisModel, shape: Shape) -> IrisModel:
    """The model as if it declared pods of this shape."""
    return msgspec.structs.replace(model, **{name: getattr(shape, name) for name in shape.__struct_fields__})


def render(shape: Shape) -> str:
    """The shape as in the spec, without defaults: a field of a later release does not change the text."""
    return msgspec.json.encode(shape, order="deterministic").decode()


def parse(text: str) -> Shape | None:
    """The shape that `render` wrote; None for any other text."""
    try:
        return msgspec.json.decode(text, type=Shape)
    except msgspec.DecodeError:
        return None


def digest(shape: Shape) -> str:
    """A digest that is short enough for a status."""
    return hashlib.sha256(render(shape).encode()).hexdigest()[:16]
