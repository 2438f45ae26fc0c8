"""The Ingress: the route from outside to the Service; none unless `spec.route.type` is Ingress. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from iris_api import kinds, reasons

from iris_operator.children import metadata, service
from iris_operator.children.report import Report
from iris_operator.model import public_paths, routes
from iris_operator.model.spec import IrisModel

KIND = kinds.INGRESS
CONDITION = "RouteReady"


def build(model: IrisModel) -> dict[str, Any] | None:
    route = model.route
    if route is None or route.type != routes.INGRESS:
        return None
    backend = {"service": {"name": model.name, "port": {"number": service.PORT}}}
    paths = [
        {"path": path, "pathType": kind, "backend": backend} for path, kind in public_paths.below(route.path)
    ]
    rule: dict[str, Any] = {"http": {"paths": paths}}
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


def report(live: Mapping[str, Any]) -> Report | None:
    """What is routed, and what of it nobody has confirmed.

    A class may have no controller, and some controllers publish no address."""
    claim = routes.carried(live)
    if claim is None:
        return None
    (host, path), tls = claim, live["spec"].get("tls") or ()
    url = f"{'https' if tls else 'http'}://{host}{path.rstrip('/')}" if host else f"{path} of any host"
    routed = f"the Ingress routes {url}"
    secrets = (secret.get("secretName") for secret in tls)
    unchecked = "".join(f"; it is not checked that Secret {name} has a certificate" for name in secrets)
    if has_address(live):
        return Report(True, reasons.ROUTE_APPLIED, f"{routed}{unchecked}")
    routed += "; no ingress controller has published an address for it"
    overdue = f"{routed} within spec.progressDeadlineSeconds{unchecked}"
    made = live["metadata"].get("creationTimestamp")
    return Report(
        True,
        reasons.ROUTE_APPLIED,
        f"{routed}{unchecked}",
        since=datetime.fromisoformat(made) if made else None,
        overdue=Report(None, reasons.ADDRESS_NOT_PUBLISHED, overdue),
    )


def has_address(live: Mapping[str, Any]) -> bool:
    """Whether a controller has published one, which it does once it serves the Ingress."""
    return bool((live.get("status") or {}).get("loadBalancer", {}).get("ingress"))
