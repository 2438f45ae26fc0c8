"""A route that changes its type, Ingress to Gateway or back: somebody serves it at every moment."""

import copy
from datetime import datetime, timedelta
from typing import Any

import pytest
from iris_api import kinds
from iris_api.kinds import Kind
from iris_operator import children
from iris_operator.observe.proof import Prover
from iris_operator.observe.store import Store
from iris_operator.reconcile import Context, reconcile

from tests.fakes.cluster import FakeCluster
from tests.operator import bodies, passes
from tests.operator.passes import KEY, NOW

HOST = "a.example"
GATEWAY = {"type": "Gateway", "host": HOST, "gateway": {"name": "public", "namespace": "gateways"}}
INGRESS = {"type": "Ingress", "host": HOST}
ROUTES: dict[Kind, dict[str, Any]] = {kinds.INGRESS: INGRESS, kinds.HTTP_ROUTE: GATEWAY}


class Changing:
    """A model whose route was of the other type before, and the clock of its operator."""

    def __init__(self, declared: Kind, **changed: str) -> None:
        [self.former] = set(ROUTES) - {declared}
        self.declared = declared
        self.cluster = FakeCluster()
        self.moment = NOW
        self.known = passes.context(self.cluster, now=self.now, route=ROUTES[self.former])
        self._route = {**ROUTES[declared], **changed}

    def now(self) -> datetime:
        return self.moment

    async def change(self) -> "Changing":
        await reconcile(self.known, KEY)
        body = passes.live(self.cluster, kinds.IRIS_MODEL)
        body["spec"]["route"] = bodies.body(route=self._route)["spec"]["route"]
        body["metadata"]["generation"] = 2
        passes.put(self.known, self.cluster, kinds.IRIS_MODEL, body)
        await reconcile(self.known, KEY)
        return self

    async def after(self, seconds: float) -> set[Kind]:
        """The routes there are after a pass at that time."""
        self.moment += timedelta(seconds=seconds)
        self.again = await reconcile(self.known, KEY)
        return {kind for kind in ROUTES if self.cluster.find(kind, *KEY)}

    def report(self, status: dict[str, Any]) -> None:
        """What the controller of the declared route writes."""
        live = passes.live(self.cluster, self.declared)
        passes.put(self.known, self.cluster, self.declared, {**live, "status": status})

    def serve(self) -> None:
        live = passes.live(self.cluster, self.declared)
        if self.declared == kinds.INGRESS:
            self.report({"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}})
        else:
            self.report(passes.accepted(live))

    def restart(self) -> None:
        """A new process sees what there is."""
        store = Store()
        for kind in (kinds.IRIS_MODEL, *children.KINDS):
            for name in self.cluster.names(kind, "iris"):
                store.observe(kind, passes.live(self.cluster, kind, ("iris", name)))
        self.known = Context(self.cluster, store, Prover(lambda: 0.0), self.now, "test")


BOTH = set(ROUTES)
_EITHER = pytest.mark.parametrize("declared", list(ROUTES), ids=lambda kind: f"to {kind.name}")


@_EITHER
async def test_the_former_route_stays_until_the_new_one_is_served_and_five_seconds_more(
    declared: Kind,
) -> None:
    changing = await Changing(declared).change()

    before = await changing.after(1)
    changing.serve()
    served = await changing.after(0)
    wait = changing.again
    settling = await changing.after(4.9)
    settled = await changing.after(0.2)

    assert [before, served, settling, settled] == [BOTH, BOTH, BOTH, {declared}]
    assert wait == pytest.approx(5.1)


async def test_an_ingress_stays_for_as_long_as_no_gateway_accepts_the_route() -> None:
    changing = await Changing(kinds.HTTP_ROUTE).change()

    found = await changing.after(86_400)

    row = passes.conditions(changing.cluster)["RouteReady"]
    assert found == BOTH
    assert (row["status"], row["reason"]) == ("False", "RouteNotAccepted")
    assert row["message"].endswith("; until then the former Ingress serves the requests")


async def test_an_ingress_stays_where_the_cluster_has_no_gateway_api() -> None:
    changing = Changing(kinds.HTTP_ROUTE)
    changing.known.store.uninstalled(kinds.HTTP_ROUTE)
    await changing.change()

    found = await changing.after(86_400)

    row = passes.conditions(changing.cluster)["RouteReady"]
    assert found == {kinds.INGRESS}
    assert row["reason"] == "CRDNotInstalled"
    assert row["message"].endswith("; until then the former Ingress serves the requests")


async def test_a_route_by_a_gateway_stays_a_minute_where_no_controller_publishes_an_address() -> None:
    changing = await Changing(kinds.INGRESS).change()

    early = await changing.after(59)
    wait = changing.again
    late = await changing.after(2)

    assert early == BOTH
    assert wait == pytest.approx(1.1)
    assert late == {kinds.INGRESS}


async def test_an_acceptance_that_is_taken_back_keeps_the_former_route() -> None:
    changing = await Changing(kinds.HTTP_ROUTE).change()
    changing.serve()
    await changing.after(4)

    changing.report({})
    refused = await changing.after(4)
    changing.serve()
    again = await changing.after(4)

    assert [refused, again] == [BOTH, BOTH]


@_EITHER
async def test_a_new_process_waits_anew_and_then_ends_the_change(declared: Kind) -> None:
    changing = await Changing(declared).change()
    changing.serve()
    await changing.after(4)

    changing.restart()
    found = [await changing.after(seconds) for seconds in (3, 4, 2)]

    assert found == [BOTH, BOTH, {declared}]


@_EITHER
async def test_a_former_route_of_another_host_goes_at_once(declared: Kind) -> None:
    """Nobody asked for that host any more; another model may."""
    changing = await Changing(declared, host="b.example").change()

    assert await changing.after(0) == {declared}


@_EITHER
async def test_a_copy_of_a_former_route_goes_at_once(declared: Kind) -> None:
    changing = await Changing(declared).change()
    copied = copy.deepcopy(passes.live(changing.cluster, changing.former))
    copied["metadata"] |= {"name": "copied", "uid": "uid-of-the-copy"}
    passes.put(changing.known, changing.cluster, changing.former, copied)

    assert await changing.after(0) == BOTH
    assert changing.cluster.names(changing.former, "iris") == ["iris"]


async def test_a_model_that_gives_up_its_route_has_none_at_once() -> None:
    changing = await Changing(kinds.HTTP_ROUTE).change()
    body = passes.live(changing.cluster, kinds.IRIS_MODEL)
    del body["spec"]["route"]
    body["metadata"]["generation"] = 3
    passes.put(changing.known, changing.cluster, kinds.IRIS_MODEL, body)

    assert await changing.after(0) == set()


@_EITHER
async def test_a_change_that_is_over_costs_nothing(declared: Kind) -> None:
    changing = await Changing(declared).change()
    changing.serve()
    for seconds in (0, 6, 0):
        await changing.after(seconds)
    changing.cluster.calls.clear()

    await changing.after(0)

    assert changing.cluster.calls == []
