"""RouteReady of a route by an Ingress: what is known of it, and since when nobody serves it."""

from datetime import datetime, timedelta

import pytest
from iris_api import kinds
from iris_operator.reconcile import Context, reconcile

from tests.fakes.cluster import FakeCluster
from tests.operator import passes
from tests.operator.passes import KEY, NOW

NO_ADDRESS = "the Ingress routes http://a.example; no ingress controller has published an address for it"


def route_condition(cluster: FakeCluster) -> tuple[str, str, str]:
    row = passes.conditions(cluster)["RouteReady"]
    return row["status"], row["reason"], row["message"]


def add_class(cluster: FakeCluster, name: str = "traefik") -> None:
    cluster.put(kinds.INGRESS_CLASS, {"metadata": {"name": name, "namespace": None}})


async def test_a_route_of_a_class_that_does_not_exist_is_not_ready_until_it_does() -> None:
    cluster, moments = FakeCluster(), [NOW]
    route = {"host": "a.example", "className": "traefik"}
    known = passes.context(cluster, now=lambda: moments[-1], route=route)
    again = await reconcile(known, KEY)

    missing = route_condition(cluster)
    add_class(cluster)
    moments.append(NOW + timedelta(seconds=31))
    await reconcile(known, KEY)

    assert missing == (
        "False",
        "IngressClassNotFound",
        "found no IngressClass traefik, expected one: no controller serves the Ingress",
    )
    assert again is not None
    assert again <= 30
    assert route_condition(cluster) == ("True", "RouteApplied", NO_ADDRESS)


@pytest.mark.parametrize("code", [0, 403, 500])
async def test_nothing_is_claimed_of_a_class_that_cannot_be_read(code: int) -> None:
    cluster = FakeCluster()
    known = passes.context(cluster, route={"host": "a.example", "className": "traefik"})
    passes.refuse(cluster, kinds.INGRESS_CLASS, code)
    for _ in range(2):
        await reconcile(known, KEY)

    assert route_condition(cluster)[1] == "RouteApplied"
    assert [call.verb for call in cluster.calls if call.kind == kinds.INGRESS_CLASS] == ["read"]


async def routed(cluster: FakeCluster, moments: list[datetime]) -> Context:
    """A model whose Ingress was made at NOW, of a class that exists."""
    add_class(cluster)
    route = {"host": "a.example", "className": "traefik"}
    known = passes.context(
        cluster, now=lambda: moments[-1], route=route, progressDeadlineSeconds=60, replicas=0
    )
    await reconcile(known, KEY)
    deployment = passes.live(cluster, kinds.DEPLOYMENT)
    deployment["status"] = {"observedGeneration": deployment["metadata"]["generation"]}
    passes.put(known, cluster, kinds.DEPLOYMENT, deployment)
    ingress = passes.live(cluster, kinds.INGRESS)
    ingress["metadata"]["creationTimestamp"] = NOW.isoformat()
    passes.put(known, cluster, kinds.INGRESS, ingress)
    return known


async def test_a_route_that_nobody_serves_is_not_known_to_work_after_the_deadline() -> None:
    cluster, moments = FakeCluster(), [NOW]
    known = await routed(cluster, moments)

    found, again = [], []
    for seconds in (1, 59, 61):
        moments.append(NOW + timedelta(seconds=seconds))
        again.append(await reconcile(known, KEY))
        found.append(route_condition(cluster))

    overdue = f"{NO_ADDRESS} within spec.progressDeadlineSeconds"
    applied = ("True", "RouteApplied", NO_ADDRESS)
    assert found == [applied, applied, ("Unknown", "AddressNotPublished", overdue)]
    assert again[:2] == [pytest.approx(59.1), pytest.approx(1.1)]


async def test_a_route_that_nobody_serves_costs_nothing_at_rest() -> None:
    cluster, moments = FakeCluster(), [NOW]
    known = await routed(cluster, moments)
    moments.append(NOW + timedelta(seconds=61))
    await reconcile(known, KEY)
    cluster.calls.clear()

    again = await reconcile(known, KEY)

    assert cluster.calls == []
    assert again is None


async def test_an_address_that_comes_after_the_deadline_makes_the_route_ready() -> None:
    cluster, moments = FakeCluster(), [NOW]
    known = await routed(cluster, moments)
    moments.append(NOW + timedelta(seconds=61))
    await reconcile(known, KEY)
    ingress = passes.live(cluster, kinds.INGRESS)
    ingress["status"] = {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}
    passes.put(known, cluster, kinds.INGRESS, ingress)

    await reconcile(known, KEY)

    assert route_condition(cluster) == ("True", "RouteApplied", "the Ingress routes http://a.example")
