"""IrisModels as the API server stores them: what a test declares, and every default of the CRD."""

from collections.abc import Mapping
from typing import Any, Final

from iris_api.kinds import Kind
from iris_operator import children
from iris_operator.children import deployment
from iris_operator.model import plan, spec
from iris_operator.model.spec import IrisModel

from tests.crds.schema import SPEC

DIGEST: Final = "sha256:" + "a" * 64

# Every field of the spec, none at its default.
FULL: Final[Mapping[str, Any]] = {
    "version": "2.0.1",
    "image": {
        "repository": "registry.local:5000/iris-server",
        "digest": DIGEST,
        "pullPolicy": "Always",
        "pullSecrets": ["registry", "mirror"],
    },
    "replicas": 3,
    "autoscaling": {"minReplicas": 3, "maxReplicas": 9, "targetCPUUtilizationPercentage": 55},
    "resources": {
        "requests": {"cpu": "250m", "memory": "64Mi"},
        "limits": {"cpu": "1", "memory": "512Mi"},
    },
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "env": [{"name": "TZ", "value": "UTC"}],
    "commonMetadata": {"labels": {"team": "flowers"}, "annotations": {"example.com/owner": "botany"}},
    "server": {"logLevel": "Debug", "fastPath": "Off"},
    "route": {
        "type": "Ingress",
        "host": "iris.kube.two.inc",
        "path": "/models",
        "className": "traefik",
        "tlsSecretName": "iris-tls",
        "annotations": {"example.com/timeout": "5s"},
    },
    "monitoring": {
        "dashboard": {"enabled": False, "folder": "Flowers"},
        "scrape": {"enabled": False},
        "alerts": {"enabled": False, "availabilityPerMille": 990, "latencyMilliseconds": 50},
    },
    "networkPolicy": {
        "enabled": False,
        "allowFrom": [{"namespaceSelector": {"matchLabels": {"team": "web"}}}],
    },
    "rollout": {
        "strategy": "Canary",
        "gates": {"agreementPerMille": 900},
        "approval": "Manual",
        "approved": "2.0.1",
        "pause": True,
        "skip": "2.0.2",
    },
    "progressDeadlineSeconds": 90,
    "suspend": True,
}


def body(
    name: str = "iris", *, namespace: str = "iris", status: Mapping[str, Any] | None = None, **declared: Any
) -> dict[str, Any]:
    """A stored IrisModel; `declared` are the fields of its spec."""
    return {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-of-{namespace}-{name}",
            "generation": 1,
            "resourceVersion": "1",
            "creationTimestamp": "2026-11-23T12:00:00Z",
        },
        "spec": _defaulted({"version": "1.4.0", **declared}, SPEC),
        "status": {"observedGeneration": -1} if status is None else dict(status),
    }


def model(name: str = "iris", *, namespace: str = "iris", **declared: Any) -> IrisModel:
    """As the operator parses it."""
    return spec.parse(body(name, namespace=namespace, **declared))


def pod_of(model: IrisModel) -> dict[str, Any]:
    """The pod that its Deployment makes."""
    found: dict[str, Any] = deployment.build(model)["spec"]["template"]["spec"]
    return found


def child(
    name: str = "iris", version: int = 10, owner: str | None = "iris", **content: Any
) -> dict[str, Any]:
    """A stored object of the model `owner`."""
    reference = {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "name": owner,
        "uid": "u",
        "controller": True,
    }
    metadata: dict[str, Any] = {"name": name, "namespace": "iris", "resourceVersion": str(version)}
    if owner is not None:
        metadata["ownerReferences"] = [reference]
    return {"metadata": metadata, **content}


def built(model: IrisModel) -> list[tuple[Kind, dict[str, Any]]]:
    """Its children, with nothing left out."""
    return children.build(model, plan.immediate(model))


def _defaulted(value: Any, schema: Mapping[str, Any]) -> Any:
    """As the API server does it: absent fields first, then inside what is there."""
    if isinstance(value, Mapping):
        properties = schema.get("properties", {})
        filled = {
            name: field["default"]
            for name, field in properties.items()
            if "default" in field and name not in value
        }
        return {
            name: _defaulted(part, properties.get(name, {})) for name, part in {**value, **filled}.items()
        }
    if isinstance(value, list):
        return [_defaulted(item, schema.get("items", {})) for item in value]
    return value
