"""Which IrisModel has a host and path when several ask for it. Pure.

Whoever has it keeps it, and among several without it the oldest gets it: neither a newcomer nor an older
model that moves takes traffic away from a model that serves.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from iris_api import readiness

# The values of `spec.route.type`.
INGRESS: Final = "Ingress"
GATEWAY: Final = "Gateway"

Claim = tuple[str, str]  # host ("": any), path


def claim(body: Mapping[str, Any]) -> Claim | None:
    """The host and path that a raw IrisModel asks for."""
    route = (body.get("spec") or {}).get("route")
    if not isinstance(route, Mapping):
        return None
    return str(route.get("host") or ""), _path(route.get("path"))


def carried(child: Mapping[str, Any]) -> Claim | None:
    """The host and path that an Ingress or HTTPRoute routes at present."""
    spec = child.get("spec") or {}
    for rule in spec.get("rules") or ():
        for found in (rule.get("http") or {}).get("paths") or ():
            return str(rule.get("host") or ""), _path(found.get("path"))
        for match in rule.get("matches") or ():
            return next(iter(spec.get("hostnames") or ()), ""), _path((match.get("path") or {}).get("value"))
    return None


def _path(found: str | None) -> str:
    return str(found or "/").rstrip("/") or "/"


def holder(
    rivals: Iterable[Mapping[str, Any]], routed: Collection[tuple[str, str]] = ()
) -> tuple[str, str] | None:
    """Namespace and name of the model that has the route among all that claim it.

    `routed`: those whose route is known to carry it, also while a changed spec is not observed yet.
    """
    ranked = sorted(
        (
            not (_has_route(body) or _name(body) in routed),
            body["metadata"].get("creationTimestamp", ""),
            *_name(body),
        )
        for body in rivals
        if not body["metadata"].get("deletionTimestamp")
    )
    return ranked[0][2:] if ranked else None


def _has_route(body: Mapping[str, Any]) -> bool:
    """Whether its status says that it has the route, even if its route was changed or deleted by hand."""
    return readiness.condition(body, "RouteReady").get("status") in ("True", "Unknown")


def _name(body: Mapping[str, Any]) -> tuple[str, str]:
    return body["metadata"]["namespace"], body["metadata"]["name"]
