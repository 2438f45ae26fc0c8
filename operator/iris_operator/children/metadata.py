"""The names, labels and owners of children, defined only here. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from iris_api import kinds
from iris_api.kinds import Kind

from iris_operator.model.spec import IrisModel

NAME_LABEL: Final = "app.kubernetes.io/name"
INSTANCE_LABEL: Final = "app.kubernetes.io/instance"
VERSION_LABEL: Final = "app.kubernetes.io/version"
MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"

MANAGED_BY: Final = "iris-operator"
SERVER: Final = "iris-server"
# Of the pods of a candidate: selectors are immutable, so one of their labels has to be another one.
CANARY_SERVER: Final = "iris-server-canary"
_CANARY_SUFFIX: Final = "-canary"

# The selector of every watch and LIST of child kinds: other people's objects never reach us.
OURS_SELECTOR: Final = f"{MANAGED_BY_LABEL}={MANAGED_BY}"


def selector(model: IrisModel) -> dict[str, str]:
    """The pod selector, which is immutable in a Deployment, so it never contains a version."""
    return selector_of(model.name)


def selector_of(name: str) -> dict[str, str]:
    """The same for a model whose name is all that can be read."""
    return {NAME_LABEL: SERVER, INSTANCE_LABEL: name}


def labels(model: IrisModel) -> dict[str, str]:
    """The labels of every child and every pod."""
    return {
        **selector(model),
        VERSION_LABEL: model.version,
        "app.kubernetes.io/component": "model-server",
        "app.kubernetes.io/part-of": "iris",
        MANAGED_BY_LABEL: MANAGED_BY,
    }


def manifest(kind: Kind, model: IrisModel, *, name: str | None = None, **content: Any) -> dict[str, Any]:
    """A child of `model`, owned by it: deleting the IrisModel deletes the child by garbage collection.

    Without blockOwnerDeletion: that would ask for rights on finalizers.
    """
    child = {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {
            "name": name or model.name,
            "namespace": model.namespace,
            "labels": {**model.common_metadata.labels, **labels(model)},
            "ownerReferences": [
                {
                    "apiVersion": kinds.IRIS_MODEL.api_version,
                    "kind": kinds.IRIS_MODEL.name,
                    "name": model.name,
                    "uid": model.uid,
                    "controller": True,
                }
            ],
        },
        **content,
    }
    add(child, "annotations", model.common_metadata.annotations)
    return child


def canary_name(model: IrisModel) -> str:
    """Of every object of the candidate; the API accepts no model whose name ends like this."""
    return canary_name_of(model.name)


def canary_name_of(name: str) -> str:
    """The same for a model whose name is all that can be read."""
    return f"{name}{_CANARY_SUFFIX}"


def of_canary(manifest: dict[str, Any], model: IrisModel) -> dict[str, Any]:
    """The same object for the candidate's pods: under its own name, and with their label in each selector."""
    renamed: dict[str, Any] = _relabelled(manifest)
    return {**renamed, "metadata": {**renamed["metadata"], "name": canary_name(model)}}


def _relabelled(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {
            name: CANARY_SERVER if (name, value) == (NAME_LABEL, SERVER) else _relabelled(value)
            for name, value in part.items()
        }
    return [_relabelled(item) for item in part] if isinstance(part, list) else part


def add(target: dict[str, Any], part: str, content: Mapping[str, str]) -> None:
    """Merge into `metadata.labels` or `metadata.annotations` of a manifest being built."""
    if content:
        target["metadata"].setdefault(part, {}).update(content)
