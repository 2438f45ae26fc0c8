"""The ConfigMap with the public keys of `spec.verify`, for the pods; none without them. Pure."""

from typing import Any, Final

from iris_operator.children import immutable_config_map
from iris_operator.model.spec import IrisModel, Verify

KIND = immutable_config_map.KIND
PURPOSE: Final = "verify"
FILE: Final = "keys.json"


def build(model: IrisModel) -> dict[str, Any] | None:
    if model.verify is None:
        return None
    return immutable_config_map.build(model, PURPOSE, FILE, model.verify)


def name(model: IrisModel, verify: Verify) -> str:
    return immutable_config_map.name(model, PURPOSE, verify)
