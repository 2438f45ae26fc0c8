"""A route that changes its type: the former one stays until the declared one is served, and loses no request.

The last state of the declared route, and since when, are kept in memory: its conditions have the time of
another clock. A new process waits anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from iris_api.kinds import Kind

from iris_operator.children import ROUTE_KINDS, http_route, ingress
from iris_operator.model import routes
from iris_operator.model.spec import IrisModel
from iris_operator.observe.store import Key, Snapshot

_KINDS: Final = {routes.INGRESS: ingress.KIND, routes.GATEWAY: http_route.KIND}
# A served route needs a moment until every router follows it: measured up to 1.9 s.
_SETTLE: Final = timedelta(seconds=5)
# Some ingress controllers publish no address: it is not known when they serve the Ingress.
_NO_ADDRESS: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class FormerRoute:
    """The route of the type that is not declared any more, while it has to stay."""

    kind: Kind
    seconds: float | None  # until it may go; None: it waits for an event


@dataclass(frozen=True, slots=True)
class _Seen:
    """The state of a declared route."""

    uid: str
    generation: int
    is_served: bool


class RouteChanges:
    """Of each model whose route changes its type: the last state of the declared one, and since when."""

    def __init__(self) -> None:
        self._since: dict[Key, tuple[_Seen, datetime]] = {}

    def former(self, model: IrisModel, snapshot: Snapshot, now: datetime) -> FormerRoute | None:
        """None where there is none that has to stay."""
        kind = _former(model, snapshot)
        if kind is None or model.route is None:
            self.forget(snapshot.key)
            return None
        declared = snapshot.children.get((_KINDS[model.route.type], model.name))
        if declared is None:  # not made yet, or refused
            return FormerRoute(kind, None)
        seen = _seen(declared, model.route.type)
        limit = _SETTLE if seen.is_served else _NO_ADDRESS
        if not seen.is_served and model.route.type == routes.GATEWAY:
            self.forget(snapshot.key)
            return FormerRoute(kind, None)
        known, since = self._since.get(snapshot.key, (None, now))
        if known != seen:
            since = now
        self._since[snapshot.key] = seen, since
        left = (since + limit - now).total_seconds()
        return FormerRoute(kind, left) if left > 0 else None

    def forget(self, key: Key) -> None:
        self._since.pop(key, None)


def _former(model: IrisModel, snapshot: Snapshot) -> Kind | None:
    """The kind of a live route of the other type with the declared host and path: what was changed serves
    nobody who asks for the declared one."""
    if model.route is None:
        return None
    claim = routes.claim(snapshot.model or {})
    for kind in ROUTE_KINDS - {_KINDS[model.route.type]}:
        live = snapshot.children.get((kind, model.name))
        if live is not None and routes.carried(live) == claim:
            return kind
    return None


def _seen(declared: Mapping[str, Any], route_type: str) -> _Seen:
    if route_type == routes.GATEWAY:
        report = http_route.report(declared)
        is_served = report is not None and report.works is True
    else:
        is_served = ingress.has_address(declared)
    metadata = declared["metadata"]
    return _Seen(str(metadata["uid"]), int(metadata.get("generation", 0)), is_served)
