"""What the operator reads of Flux, on an API server without it."""

from iris_api import kinds

from tests.harness.kubernetes import Manifest


def crd() -> Manifest:
    """Kustomization, for what the operator reads of it."""
    kind = kinds.KUSTOMIZATION
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": kind.version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": kind.name, "plural": kind.plural}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{kind.group}"},
        "spec": {"group": kind.group, "scope": "Namespaced", "names": names, "versions": [version]},
    }
