"""The ConfigMap with the clients that have a key, for the pods; none where nobody needs a key. Pure."""

from typing import Any, Final

from iris_operator.children import immutable_config_map
from iris_operator.model.spec import Access, IrisModel

KIND = immutable_config_map.KIND
PURPOSE: Final = "access"
FILE: Final = "clients.json"


def build(model: IrisModel) -> dict[str, Any] | None:
    if model.access is None:
        return None
    return immutable_config_map.build(model, PURPOSE, FILE, model.access.keys)


def name(model: IrisModel, access: Access) -> str:
    return immutable_config_map.name(model, PURPOSE, access.keys)
