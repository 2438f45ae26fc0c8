"""Does the IngressClass of a route exist? Without one no controller serves the route, and none reports it.

Asked twice per class and minute at most, and not again while an Ingress has the address of a controller.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from iris_api import kinds

from iris_operator import errors
from iris_operator.children import ingress
from iris_operator.cluster import Cluster

_MISSING_SECONDS: Final = timedelta(seconds=30)
_FOUND_SECONDS: Final = timedelta(minutes=5)


class IngressClasses:
    """The last answer for each class, and its time."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[datetime, bool]] = {}

    async def missing(self, cluster: Cluster, live: Any, now: datetime) -> str:
        """The class of this Ingress if the cluster has none of that name, else an empty text."""
        name = str((live.get("spec") or {}).get("ingressClassName") or "")
        if not name or ingress.has_address(live):
            return ""
        asked_at, is_missing = self._known.get(name, (now, False))
        lifetime = _MISSING_SECONDS if is_missing else _FOUND_SECONDS
        if name not in self._known or now - asked_at >= lifetime:
            is_missing = await _is_missing(cluster, name)
            self._known[name] = now, is_missing
        return name if is_missing else ""


async def _is_missing(cluster: Cluster, name: str) -> bool:
    try:
        return await cluster.read(kinds.INGRESS_CLASS, None, name) is None
    except errors.ClusterError:  # an operator of a few namespaces may not read it: unknown
        return False
