"""The ServiceAccount of the pods: an identity without a token and without rights. Pure.

It also has what the pods were built from (model.shape), where a rollout goes back to. The Deployment cannot:
each change of its annotations is a new generation, which has not been observed, so Ready would be False for
a moment. No controller acts on a ServiceAccount.
"""

from typing import Any, Final

from iris_api import kinds

from iris_operator.children import metadata
from iris_operator.model import shape
from iris_operator.model.spec import IrisModel

KIND = kinds.SERVICE_ACCOUNT
BUILT_FROM: Final = "serving.two.inc/built-from"
# All annotations of an object share 256 KiB.
_LONGEST_SHAPE: Final = 65_536


def build(model: IrisModel) -> dict[str, Any]:
    child = metadata.manifest(KIND, model, automountServiceAccountToken=False)
    built_from = shape.render(shape.of(model))
    if len(built_from.encode()) <= _LONGEST_SHAPE:
        metadata.add(child, "annotations", {BUILT_FROM: built_from})
    return child
