"""The Gateway of a route and its class: why the route cannot work, whether it has a certificate, and whether
the class can divide requests.

They are not watched. While the route is accepted, they are read once for each change of the route; else at
most twice a minute. So a model at rest costs no call.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from iris_api import kinds

from iris_operator import errors
from iris_operator.children import http_route
from iris_operator.cluster import Cluster
from iris_operator.model.spec import GatewayReference, IrisModel
from iris_operator.observe.store import Key

_AGAIN: Final = timedelta(seconds=30)
_PROTOCOLS: Final = ("HTTP", "HTTPS")

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Findings:
    """What a Gateway and its class make of a route; nothing where they may not be read."""

    problem: str = ""  # why the route cannot work, and what is expected
    has_certificate: bool = False


@dataclass(frozen=True, slots=True)
class _Read:
    findings: Findings
    at: datetime
    version: str  # of the HTTPRoute
    is_accepted: bool


class Gateways:
    """Of each model with an HTTPRoute, the last findings."""

    def __init__(self) -> None:
        self._known: dict[Key, _Read] = {}

    async def look(self, cluster: Cluster, model: IrisModel, live: Body | None, now: datetime) -> Findings:
        """`live`: the HTTPRoute. One that was accepted has no problem; one that was refused with a message
        has that."""
        key = model.namespace, model.name
        if live is None or model.route is None or model.route.gateway is None:
            self.forget(key)
            return Findings()
        report = http_route.report(live)
        is_accepted = report is not None and report.works is True
        version = live["metadata"].get("resourceVersion", "")
        known = self._known.get(key)
        if known is None or not _is_current(known, version, is_accepted=is_accepted, now=now):
            findings = await _read(cluster, model, model.route.gateway)
            known = self._known[key] = _Read(findings, now, version, is_accepted)
        if is_accepted or (http_route.refusal(live) or {}).get("message"):
            return dataclasses.replace(known.findings, problem="")
        return known.findings

    def forget(self, key: Key) -> None:
        self._known.pop(key, None)


def _is_current(known: _Read, version: str, *, is_accepted: bool, now: datetime) -> bool:
    if is_accepted:
        return known.is_accepted and known.version == version
    return not known.is_accepted and now - known.at < _AGAIN


async def _read(cluster: Cluster, model: IrisModel, reference: GatewayReference) -> Findings:
    try:
        gateway = await cluster.read(kinds.GATEWAY, reference.namespace, reference.name)
        class_name = gateway["spec"]["gatewayClassName"] if gateway else ""
        gateway_class = await cluster.read(kinds.GATEWAY_CLASS, None, class_name) if gateway else None
    except errors.ClusterError:  # an operator of a few namespaces may not read them: unknown
        return Findings()
    return examine(model, gateway, gateway_class)


def examine(model: IrisModel, gateway: Body | None, gateway_class: Body | None) -> Findings:
    """Of a model that is routed by a Gateway. Pure."""
    route = model.route
    if route is None or route.gateway is None:
        return Findings()
    host, section = route.host, route.gateway.section_name
    place = f"Gateway {route.gateway.namespace}/{route.gateway.name}"
    if gateway is None:
        return Findings(f"found no {place}, expected one")
    if problem := _problem_of_class(gateway["spec"]["gatewayClassName"], gateway_class):
        return Findings(f"{place}: {problem}")
    listeners: list[Body] = list(gateway["spec"].get("listeners") or ())
    tests: tuple[tuple[Callable[[Body], bool], str], ...] = (
        (lambda each: each["protocol"] in _PROTOCOLS, "one of protocol HTTP or HTTPS"),
        (lambda each: section in (None, each["name"]), f"one named {section}"),
        (lambda each: _has_host(each, host), f"one for host {host}"),
        (lambda each: _allows(each, gateway, model.namespace), _allowing(model.namespace)),
    )
    for fits, expected in tests:
        left = [each for each in listeners if fits(each)]
        if not left:
            return Findings(f"{place}: found {_named(listeners)}, expected {expected}")
        listeners = left
    return Findings(has_certificate=any(each["protocol"] == "HTTPS" for each in listeners))


def _problem_of_class(name: str, found: Body | None) -> str:
    if found is None:
        return f"found no GatewayClass {name}, expected one"
    status = found.get("status") or {}
    rows = {row["type"]: row for row in status.get("conditions") or ()}
    accepted = rows.get("Accepted", {})
    if accepted.get("status") != "True":
        words = f"{accepted.get('reason', 'no status')}: {accepted.get('message', '')}".rstrip(": ")
        return (
            f"GatewayClass {name} is not accepted ({words}), expected a controller that runs and accepts it"
        )
    features = [each["name"] for each in status.get("supportedFeatures") or ()]
    if features and http_route.KIND.name not in features:
        return f"GatewayClass {name} does not support {http_route.KIND.name}, expected a class that does"
    return ""


def _named(listeners: Iterable[Body]) -> str:
    names = [each["name"] for each in listeners]
    return f"listener {' and '.join(names)}" if names else "no listener"


def _has_host(listener: Body, host: str | None) -> bool:
    pattern = str(listener.get("hostname") or "")
    if not pattern or host is None or pattern == host:
        return True
    return pattern.startswith("*.") and host.endswith(pattern[1:])


def _allowing(namespace: str) -> str:
    return f"one whose allowedRoutes admits an HTTPRoute of namespace {namespace}"


def _allows(listener: Body, gateway: Body, namespace: str) -> bool:
    """Whose labels a selector selects is the controller's business."""
    allowed = listener.get("allowedRoutes") or {}
    routes = allowed.get("kinds")
    if routes and http_route.KIND.name not in [each["kind"] for each in routes]:
        return False
    source = (allowed.get("namespaces") or {}).get("from", "Same")
    return source in ("All", "Selector") or (
        source == "Same" and gateway["metadata"]["namespace"] == namespace
    )
