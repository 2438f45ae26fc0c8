"""Manifests of IrisModels, as users send them to the API server."""

from typing import Any

from tests.harness import kubernetes


def model(name: str = "iris", **spec: Any) -> kubernetes.Manifest:
    """A model that is fine, with fields laid over it; None takes a field away."""
    fields = {key: value for key, value in ({"version": "1.4.0"} | spec).items() if value is not None}
    return {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "metadata": {"name": name},
        "spec": fields,
    }
