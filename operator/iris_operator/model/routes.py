"""Which IrisModel has a host and path when several ask for it. Pure.

The oldest keeps it: a newcomer never takes traffic away from a model that serves.
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
            body["metadata"].get("creationTimestamp", ""),
            body["metadata"]["namespace"],
            body["metadata"]["name"],
        )
        for body in rivals
        if not body["metadata"].get("deletionTimestamp")
    )
    return ranked[0][1:] if ranked else None
