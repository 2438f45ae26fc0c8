"""What the manifests of a model named iris have in common."""

from typing import Any

from iris_operator.model.spec import IrisModel

from tests.operator import bodies

SELECTOR = {"app.kubernetes.io/name": "iris-server", "app.kubernetes.io/instance": "iris"}

LABELS = {
    **SELECTOR,
    "app.kubernetes.io/version": "1.4.0",
    "app.kubernetes.io/component": "model-server",
    "app.kubernetes.io/part-of": "iris",
    "app.kubernetes.io/managed-by": "iris-operator",
}

METADATA: dict[str, Any] = {
    "name": "iris",
    "namespace": "iris",
    "labels": LABELS,
    "ownerReferences": [
        {
            "apiVersion": "serving.two.inc/v1alpha1",
            "kind": "IrisModel",
            "name": "iris",
            "uid": "uid-of-iris-iris",
            "controller": True,
        }
    ],
}

GATEWAY = {"type": "Gateway", "gateway": {"name": "traefik", "namespace": "traefik", "sectionName": "web"}}


def full() -> IrisModel:
    return bodies.model(**bodies.FULL)


def whole(
    api_version: str, kind: str, *, metadata: dict[str, Any] | None = None, **rest: Any
) -> dict[str, Any]:
    """A manifest of that model; `metadata` beside what all of them have."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {**METADATA, **(metadata or {})}, **rest}
