"""The Ingress: the route from outside to the Service; none without `spec.route`. Pure."""

from typing import Any

from iris_api import kinds, reasons

from iris_operator.children import metadata, service
from iris_operator.model.spec import IrisModel

KIND = kinds.INGRESS
CONDITION = "RouteReady"
APPLIED = reasons.ROUTE_APPLIED


def build(model: IrisModel) -> dict[str, Any] | None:
    route = model.route
    if route is None:
        return None
    backend = {"service": {"name": model.name, "port": {"number": service.PORT}}}
    rule: dict[str, Any] = {
        "http": {"paths": [{"path": route.path, "pathType": "Prefix", "backend": backend}]}
    }
    if route.host:
        rule["host"] = route.host
    spec: dict[str, Any] = {"rules": [rule]}
    if route.class_name:
        spec["ingressClassName"] = route.class_name
    if route.tls_secret_name:
        spec["tls"] = [{"hosts": [route.host], "secretName": route.tls_secret_name}]
    child = metadata.manifest(KIND, model, spec=spec)
    metadata.add(child, "annotations", route.annotations)
    return child
