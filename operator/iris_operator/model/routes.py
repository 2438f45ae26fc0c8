"""Which IrisModel has a host and path when several ask for it. Pure.

Whoever has it keeps it, and among several without it the oldest gets it: neither a newcomer nor an older
model that moves takes traffic away from a model that serves.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Claim = tuple[str, str]  # host ("" for any), path


def claim(body: Mapping[str, Any]) -> Claim | None:
    """The host and path that a raw IrisModel asks for."""
    route = (body.get("spec") or {}).get("route")
    if not isinstance(route, Mapping):
        return None
    return str(route.get("host") or ""), str(route.get("path") or "/").rstrip("/") or "/"


def holder(rivals: Iterable[Mapping[str, Any]]) -> tuple[str, str] | None:
    """Namespace and name of the model that has the route among all that claim it."""
    ranked = sorted(
        (
            not _has_route(body),
            body["metadata"].get("creationTimestamp", ""),
            body["metadata"]["namespace"],
            body["metadata"]["name"],
        )
        for body in rivals
        if not body["metadata"].get("deletionTimestamp")
    )
    return ranked[0][2:] if ranked else None


def _has_route(body: Mapping[str, Any]) -> bool:
    """Whether its status names the host and path that it asks for now as its applied route."""
    status = body.get("status") or {}
    applied = any(
        row["type"] == "RouteReady" and row["status"] == "True" for row in status.get("conditions") or ()
    )
    host, path = claim(body) or ("", "")
    return applied and status.get("url", "").partition("://")[2] == f"{host}{path}".rstrip("/")
