"""Which IrisModel has a host and path when several ask for it. Pure.

Whoever has it keeps it, and among several without it the oldest gets it: neither a newcomer nor an older
model that moves takes traffic away from a model that serves.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from iris_api import readiness

Claim = tuple[str, str]  # host ("": any), path


def claim(body: Mapping[str, Any]) -> Claim | None:
    """The host and path that a raw IrisModel asks for."""
    route = (body.get("spec") or {}).get("route")
    if not isinstance(route, Mapping):
        return None
    return str(route.get("host") or ""), str(route.get("path") or "/").rstrip("/") or "/"


def carried(ingress: Mapping[str, Any]) -> Claim | None:
    """The host and path that an Ingress routes at present."""
    for rule in (ingress.get("spec") or {}).get("rules") or ():
        for found in (rule.get("http") or {}).get("paths") or ():
            return str(rule.get("host") or ""), str(found.get("path") or "/").rstrip("/") or "/"
    return None


def holder(
    rivals: Iterable[Mapping[str, Any]], routed: Collection[tuple[str, str]] = ()
) -> tuple[str, str] | None:
    """Namespace and name of the model that has the route among all that claim it.

    `routed`: those whose Ingress is known to carry it, also while a changed spec is not observed yet.
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
    """Whether its status says that it has the route, even if its Ingress was changed or deleted by hand."""
    return readiness.condition(body, "RouteReady").get("status") == "True"


def _name(body: Mapping[str, Any]) -> tuple[str, str]:
    return body["metadata"]["namespace"], body["metadata"]["name"]
