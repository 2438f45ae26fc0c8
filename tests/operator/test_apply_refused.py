"""Writes that the API server refuses or does not answer."""

import pytest
from iris_api import kinds, reasons
from iris_operator import errors
from iris_operator.act.apply import Applier
from iris_operator.act.overrides import Overrides
from iris_operator.observe.store import Store

from tests.fakes.cluster import Call
from tests.operator import bodies
from tests.operator.applying import Applying
from tests.operator.passes import KEY


@pytest.mark.parametrize("code", [400, 422])
async def test_the_applier_reports_what_the_api_server_refused(applying: Applying, code: int) -> None:
    async def refuse(call: Call) -> None:
        if (call.verb, call.kind) == ("apply", kinds.DEPLOYMENT):
            raise errors.ClusterError(code, "spec.template: not like this")

    applying.cluster.before = refuse

    (failure,) = await applying.make(bodies.model())

    assert (failure.reason, failure.message) == (
        reasons.INVALID_SPEC,
        "Deployment iris: spec.template: not like this",
    )
    assert applying.live(kinds.SERVICE)


@pytest.mark.parametrize(
    ("code", "is_final"), [(0, False), (403, True), (409, True), (429, False), (500, False)]
)
async def test_a_refused_child_holds_up_no_other(applying: Applying, code: int, *, is_final: bool) -> None:
    async def refuse(call: Call) -> None:
        if (call.verb, call.kind) == ("apply", kinds.DEPLOYMENT):
            raise errors.ClusterError(code, "not now")

    applying.cluster.before = refuse

    (failure,) = await applying.make(bodies.model())

    assert (failure.condition, failure.reason, failure.is_final) == ("Ready", "ChildRefused", is_final)
    assert failure.message == f"Deployment iris: {code or ''} not now".replace("  ", " ")
    others = [kind.name for kind, _ in bodies.built(bodies.model()) if kind != kinds.DEPLOYMENT]
    assert [kind for _, kind in applying.wrote() if kind != "Deployment"] == others


async def test_the_applier_leaves_an_api_server_that_is_silent_twice_to_the_queue(applying: Applying) -> None:
    """Ten children of a model would each wait for their time-out."""

    async def be_silent(call: Call) -> None:
        if call.verb == "apply":
            raise errors.ClusterError(0, "no answer")

    applying.cluster.before = be_silent

    with pytest.raises(errors.ClusterError, match="no answer"):
        await applying.make(bodies.model())

    assert len(applying.cluster.calls) <= 4


async def test_the_applier_waits_quietly_where_the_namespace_is_being_deleted(applying: Applying) -> None:
    async def refuse(call: Call) -> None:
        if call.verb == "apply":
            raise errors.ClusterError(403, "is being terminated", ending=True)

    applying.cluster.before = refuse

    with pytest.raises(errors.Waiting, match="its namespace is being deleted"):
        await applying.make(bodies.model())


@pytest.mark.parametrize("lost", range(4))
async def test_the_applier_goes_on_where_it_was_cut_off(applying: Applying, lost: int) -> None:
    """The process ends after any write, its answer unseen; a fresh one has an empty store."""

    async def cut(_: Call) -> None:
        if len(applying.cluster.writes) > lost:
            raise errors.ClusterError(0, "no answer")

    async def go(_: Call) -> None:
        return None

    model = bodies.model(route={"host": "a.example"})
    applying.cluster.after = cut
    with pytest.raises(errors.ClusterError):
        await applying.make(model)
    applying.cluster.after, applying.store = go, Store()
    fresh = Applier(applying.cluster, applying.store, Overrides())

    await fresh.children(applying.store.snapshot(KEY), model, bodies.built(model))

    applied = [call.kind.name for call in applying.cluster.writes]
    assert applied == [kind.name for kind, _ in bodies.built(model)]


async def test_the_applier_goes_on_when_the_api_of_an_optional_kind_has_just_gone(applying: Applying) -> None:
    async def gone(call: Call) -> None:
        if call.verb == "apply" and call.kind == kinds.SERVICE_MONITOR:
            raise errors.ClusterError(404, "the server could not find the requested resource")

    applying.cluster.before = gone

    failures = await applying.make(bodies.model(route={"host": "a.example"}))

    assert failures == ()
    assert applying.cluster.find(kinds.INGRESS, "iris", "iris") is not None  # it comes after
