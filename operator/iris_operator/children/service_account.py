"""The ServiceAccount of the pods: an identity of their own, without a token and without rights. Pure."""

from typing import Any

from iris_api import kinds

from iris_operator.children import metadata
from iris_operator.model.spec import IrisModel

KIND = kinds.SERVICE_ACCOUNT


def build(model: IrisModel) -> dict[str, Any]:
    return metadata.manifest(KIND, model, automountServiceAccountToken=False)
