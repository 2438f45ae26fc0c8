"""The HTTPRoute: the route from a Gateway to the Service; none unless `spec.route.type` is Gateway. Pure.

It has no filter: a Gateway that does not support one may answer every request with 500, and still accept it.
"""

from typing import Any, Final

from iris_api import kinds

from iris_operator.children import metadata, service
from iris_operator.model import public_paths, routes
from iris_operator.model.spec import IrisModel

KIND = kinds.HTTP_ROUTE
CONDITION = "RouteReady"
API = "the CRDs of Gateway API (standard channel, 1.5 or newer)"

_MATCHES: Final = {public_paths.EXACT: "Exact", public_paths.PREFIX: "PathPrefix"}


def build(model: IrisModel, candidate_percent: int = 0) -> dict[str, Any] | None:
    route = model.route
    if route is None or route.type != routes.GATEWAY or route.gateway is None:
        return None
    gateway = route.gateway
    parent = {
        "group": kinds.GATEWAY.group,
        "kind": kinds.GATEWAY.name,
        "name": gateway.name,
        "namespace": gateway.namespace,
    }
    if gateway.section_name:
        parent["sectionName"] = gateway.section_name
    rule = {
        "matches": [
            {"path": {"type": _MATCHES[kind], "value": path}} for path, kind in public_paths.below(route.path)
        ],
        "backendRefs": [
            {"kind": kinds.SERVICE.name, "name": name, "port": service.PORT, "weight": weight}
            for name, weight in backends(model, candidate_percent)
        ],
    }
    spec = {"parentRefs": [parent], "rules": [rule]} | ({"hostnames": [route.host]} if route.host else {})
    child = metadata.manifest(KIND, model, spec=spec)
    metadata.add(child, "annotations", route.annotations)
    return child


def backends(model: IrisModel, candidate_percent: int) -> list[tuple[str, int]]:
    """The Services with their weights: the stable pods alone, or with a candidate that gets this share."""
    if not candidate_percent:
        return [(model.name, 1)]
    return [(model.name, 100 - candidate_percent), (metadata.canary_name(model), candidate_percent)]
