"""The HTTPRoute: the route from a Gateway to the Service; none unless `spec.route.type` is Gateway. Pure.

It has no filter: a Gateway that does not support one may answer every request with 500, and still accept it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from iris_api import kinds, reasons

from iris_operator.children import metadata, service
from iris_operator.children.report import Report
from iris_operator.model import public_paths, routes
from iris_operator.model.spec import IrisModel

KIND = kinds.HTTP_ROUTE
CONDITION = "RouteReady"
API = "the CRDs of Gateway API (standard channel, 1.5 or newer)"

# The conditions of a route that its Gateway serves.
_NEEDED: Final = {"Accepted", "ResolvedRefs"}
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
    rules = [*_of_testers(model, candidate_percent), _rule(route.path, backends(model, candidate_percent))]
    spec = {"parentRefs": [parent], "rules": rules} | ({"hostnames": [route.host]} if route.host else {})
    child = metadata.manifest(KIND, model, spec=spec)
    metadata.add(child, "annotations", route.annotations)
    return child


def _of_testers(model: IrisModel, candidate_percent: int) -> Iterator[dict[str, Any]]:
    """Whoever sends the header gets the candidate, while that has a share of the requests."""
    testers = model.rollout.testers if model.rollout else None
    if testers is None or model.route is None or not candidate_percent:
        return
    header = {"type": "Exact", "name": testers.header, "value": testers.value}
    yield _rule(model.route.path, [(metadata.canary_name(model), 1)], headers=[header])


def _rule(path: str, weights: Iterable[tuple[str, int]], **match: Any) -> dict[str, Any]:
    """Of the public paths to Services, each with its weight."""
    return {
        "matches": [
            {"path": {"type": _MATCHES[kind], "value": public}, **match}
            for public, kind in public_paths.below(path)
        ],
        "backendRefs": [
            {"kind": kinds.SERVICE.name, "name": name, "port": service.PORT, "weight": weight}
            for name, weight in weights
        ],
    }


def report(live: Mapping[str, Any]) -> Report | None:
    """What the Gateway's controller says of this generation of the route."""
    [wanted] = live["spec"]["parentRefs"]
    name = f"Gateway {wanted['namespace']}/{wanted['name']}"
    if refused := refusal(live):
        words = (
            refused.get("message") or "the controller gives no reason, expected it to accept the HTTPRoute"
        )
        message = f"{name}: {refused.get('reason')}: {words}"
        return Report(False, reasons.ROUTE_NOT_ACCEPTED, message)
    if {row["type"] for row in _conditions(live) if row["status"] == "True"} >= _NEEDED:
        return Report(True, reasons.ROUTE_ACCEPTED, f"{name} has accepted the HTTPRoute")
    message = f"{name} has not accepted the HTTPRoute yet, expected that it exists and its controller runs"
    return Report(False, reasons.ROUTE_NOT_ACCEPTED, message)


def refusal(live: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The condition by which the controller refuses this generation of the route."""
    rows = (row for row in _conditions(live) if row["type"] in _NEEDED and row["status"] == "False")
    return next(rows, None)


def _conditions(live: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Of the Gateway that the route names, for its present generation."""
    [wanted] = live["spec"]["parentRefs"]
    return [
        row
        for parent in (live.get("status") or {}).get("parents") or ()
        if all(
            parent["parentRef"].get(key) == wanted.get(key) for key in ("name", "namespace", "sectionName")
        )
        for row in parent.get("conditions") or ()
        if row.get("observedGeneration") == live["metadata"].get("generation")
    ]


def backends(model: IrisModel, candidate_percent: int) -> list[tuple[str, int]]:
    """The Services with their weights: the stable pods alone, or with a candidate that gets this share."""
    if not candidate_percent:
        return [(model.name, 1)]
    return [(model.name, 100 - candidate_percent), (metadata.canary_name(model), candidate_percent)]
