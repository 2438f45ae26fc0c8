"""What the operator finds out about the Gateway of a route, and what that costs."""

import copy
from datetime import timedelta
from typing import Any

import pytest
from iris_api import kinds
from iris_operator.observe import gateways
from iris_operator.observe.gateways import Findings
from iris_operator.reconcile import Context, reconcile

from tests.fakes.cluster import FakeCluster
from tests.operator import bodies, passes
from tests.operator.passes import KEY, NOW

REFERENCE = {"name": "public", "namespace": "gateways"}
ROUTE = {"type": "Gateway", "host": "a.example", "gateway": REFERENCE}
LISTENER: dict[str, Any] = {
    "name": "web",
    "protocol": "HTTP",
    "port": 80,
    "allowedRoutes": {"namespaces": {"from": "All"}},
}
CLASS: dict[str, Any] = {
    "metadata": {"name": "best", "namespace": None},
    "status": {"conditions": [{"type": "Accepted", "status": "True"}]},
}


def gateway(*listeners: dict[str, Any], namespace: str = "gateways") -> dict[str, Any]:
    metadata = {"name": "public", "namespace": namespace}
    return {"metadata": metadata, "spec": {"gatewayClassName": "best", "listeners": list(listeners)}}


def of_class(**status: Any) -> dict[str, Any]:
    return {**CLASS, "status": {**CLASS["status"], **status}}


NAME = "Gateway gateways/public"
NOT_ACCEPTED = "GatewayClass best is not accepted (no status), expected a controller that runs and accepts it"
NOT_ALLOWED = "found listener web, expected one whose allowedRoutes admits an HTTPRoute of namespace iris"


@pytest.mark.parametrize(
    ("found", "its_class", "problem"),
    [
        (None, None, f"found no {NAME}, expected one"),
        (gateway(LISTENER), None, f"{NAME}: found no GatewayClass best, expected one"),
        (
            gateway(LISTENER),
            of_class(conditions=[]),
            f"{NAME}: {NOT_ACCEPTED}",
        ),
        (
            gateway(LISTENER),
            of_class(supportedFeatures=[{"name": "Gateway"}, {"name": "TLSRoute"}]),
            f"{NAME}: GatewayClass best does not support HTTPRoute, expected a class that does",
        ),
        (gateway(), CLASS, f"{NAME}: found no listener, expected one of protocol HTTP or HTTPS"),
        (
            gateway({**LISTENER, "protocol": "TCP"}),
            CLASS,
            f"{NAME}: found listener web, expected one of protocol HTTP or HTTPS",
        ),
        (
            gateway(
                {**LISTENER, "hostname": "b.example"}, {**LISTENER, "name": "c", "hostname": "*.c.example"}
            ),
            CLASS,
            f"{NAME}: found listener web and c, expected one for host a.example",
        ),
        (
            gateway({key: value for key, value in LISTENER.items() if key != "allowedRoutes"}),
            CLASS,
            f"{NAME}: {NOT_ALLOWED}",
        ),
        (
            gateway({**LISTENER, "allowedRoutes": {"kinds": [{"kind": "GRPCRoute"}]}}, namespace="iris"),
            CLASS,
            f"{NAME}: {NOT_ALLOWED}",
        ),
    ],
    ids=[
        "no Gateway", "no class", "class without controller", "class without routes", "no listener",
        "other protocol", "other hosts", "other namespaces", "other kinds",
    ],
)  # fmt: skip
def test_the_operator_finds_why_a_gateway_cannot_serve_a_route(
    found: dict[str, Any] | None, its_class: dict[str, Any] | None, problem: str
) -> None:
    assert gateways.examine(bodies.model(route=ROUTE), found, its_class) == Findings(problem)


def test_the_operator_names_the_listener_that_a_gateway_does_not_have() -> None:
    model = bodies.model(route={**ROUTE, "gateway": {**REFERENCE, "sectionName": "tls"}})

    found = gateways.examine(model, gateway(LISTENER), CLASS)

    assert found == Findings(f"{NAME}: found listener web, expected one named tls")


@pytest.mark.parametrize(
    "listener",
    [
        {**LISTENER, "hostname": "a.example"},
        {**LISTENER, "hostname": "*.example"},
        {**LISTENER, "allowedRoutes": {"namespaces": {"from": "Selector", "selector": {}}}},
        {**LISTENER, "allowedRoutes": {"kinds": [{"kind": "HTTPRoute"}], "namespaces": {"from": "All"}}},
    ],
    ids=["its host", "a wildcard", "a selector", "its kind"],
)
def test_the_operator_finds_no_problem_with_a_listener_that_fits(listener: dict[str, Any]) -> None:
    features = of_class(supportedFeatures=[{"name": "HTTPRoute"}])

    assert gateways.examine(bodies.model(route=ROUTE), gateway(listener), features) == Findings()


@pytest.mark.parametrize(
    ("listeners", "has_certificate"),
    [
        ([LISTENER], False),
        ([{**LISTENER, "protocol": "HTTPS"}], True),
        ([LISTENER, {**LISTENER, "name": "tls", "protocol": "HTTPS"}], True),
        ([LISTENER, {**LISTENER, "name": "tls", "protocol": "HTTPS", "hostname": "b.example"}], False),
    ],
    ids=["plain", "certificate", "both", "certificate of another host"],
)
def test_the_operator_sees_whether_a_route_has_a_certificate(
    listeners: list[dict[str, Any]], has_certificate: bool
) -> None:
    found = gateways.examine(bodies.model(route=ROUTE), gateway(*listeners), CLASS)

    assert found == Findings(has_certificate=has_certificate)


def put_gateway(cluster: FakeCluster, **listener: Any) -> None:
    cluster.put(kinds.GATEWAY, gateway({**LISTENER, **listener}))
    cluster.put(kinds.GATEWAY_CLASS, copy.deepcopy(CLASS))


def accept(known: Context, cluster: FakeCluster) -> None:
    live = passes.live(cluster, kinds.HTTP_ROUTE)
    passes.put(known, cluster, kinds.HTTP_ROUTE, {**live, "status": passes.accepted(live)})


def reads(cluster: FakeCluster) -> list[str]:
    return [call.kind.name for call in cluster.calls if call.kind in (kinds.GATEWAY, kinds.GATEWAY_CLASS)]


async def test_a_route_without_its_gateway_is_read_again_within_half_a_minute() -> None:
    cluster, moments = FakeCluster(), [NOW]
    known = passes.context(cluster, now=lambda: moments[-1], route=ROUTE)
    again = [await reconcile(known, KEY) for _ in range(2)]
    asked = reads(cluster)
    missing = passes.conditions(cluster)["RouteReady"]
    put_gateway(cluster)
    moments.append(NOW + timedelta(seconds=31))
    await reconcile(known, KEY)

    found = passes.conditions(cluster)["RouteReady"]
    assert missing["reason"] == "RouteNotAccepted"
    assert missing["message"] == f"found no {NAME}, expected one"
    assert all(seconds is not None and seconds <= 30 for seconds in again)
    assert asked == ["Gateway"]
    assert found["message"].startswith(f"{NAME} has not accepted the HTTPRoute yet")


async def test_an_accepted_route_with_a_certificate_has_an_https_url_and_costs_no_call() -> None:
    cluster, moments = FakeCluster(), [NOW]
    known = passes.context(cluster, now=lambda: moments[-1], route=ROUTE)
    put_gateway(cluster, protocol="HTTPS")
    await reconcile(known, KEY)
    accept(known, cluster)
    await reconcile(known, KEY)
    url = passes.live(cluster, kinds.IRIS_MODEL)["status"]["url"]
    cluster.calls.clear()
    moments.append(NOW + timedelta(days=1))
    await reconcile(known, KEY)

    assert url == "https://a.example"
    assert passes.conditions(cluster)["RouteReady"]["status"] == "True"
    assert reads(cluster) == []


@pytest.mark.parametrize("code", [0, 403, 500])
async def test_nothing_is_claimed_of_a_gateway_that_cannot_be_read(code: int) -> None:
    cluster = FakeCluster()
    known = passes.context(cluster, route=ROUTE)
    passes.refuse(cluster, kinds.GATEWAY, code)
    for _ in range(2):
        await reconcile(known, KEY)

    message = passes.conditions(cluster)["RouteReady"]["message"]
    assert message.startswith(f"{NAME} has not accepted the HTTPRoute yet")
    assert reads(cluster) == ["Gateway"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("not for you", f"{NAME}: NotAllowedByListeners: not for you"),
        ("", f"{NAME}: {NOT_ALLOWED}"),
    ],
    ids=["with a message", "without one"],
)
async def test_the_words_of_a_controller_that_refuses_a_route_come_first(words: str, message: str) -> None:
    cluster = FakeCluster()
    known = passes.context(cluster, route=ROUTE)
    put_gateway(cluster, allowedRoutes={})
    await reconcile(known, KEY)
    live = passes.live(cluster, kinds.HTTP_ROUTE)
    status = passes.accepted(live)
    refused = {"status": "False", "reason": "NotAllowedByListeners", "message": words}
    status["parents"][0]["conditions"][0] |= refused
    passes.put(known, cluster, kinds.HTTP_ROUTE, {**live, "status": status})

    await reconcile(known, KEY)

    assert passes.conditions(cluster)["RouteReady"]["message"] == message
