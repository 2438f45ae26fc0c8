"""What belongs to somebody else, or to a model that is gone, is not touched."""

import pytest
from iris_api import kinds, reasons
from iris_operator import errors

from tests.fakes.cluster import Call
from tests.operator import bodies
from tests.operator.applying import Applying
from tests.operator.passes import KEY


@pytest.mark.parametrize("left", ["nothing", "another of that name", "one that is being deleted"])
async def test_the_applier_makes_no_child_for_a_deleted_model(applying: Applying, left: str) -> None:
    """The children's DELETED events came, the model's did not (a 410 gap): each child was made again at once
    and collected again, as fast as the watch could tell, until the next resync."""
    model = bodies.model()
    await applying.settle(model)
    service = applying.live(kinds.SERVICE)
    applying.cluster.take(kinds.SERVICE, service)
    applying.store.vanish(kinds.SERVICE, service)
    applying.cluster.take(kinds.IRIS_MODEL, bodies.body())
    if left != "nothing":
        body = bodies.body()
        mark = {"uid": "another"} if left == "another of that name" else {"deletionTimestamp": "2026-11-23"}
        applying.cluster.put(kinds.IRIS_MODEL, {**body, "metadata": {**body["metadata"], **mark}})

    with pytest.raises(errors.Waiting, match="IrisModel iris is gone"):
        await applying.make(model)

    assert applying.wrote() == []


@pytest.mark.parametrize("change", ["another version", "no route any more"])
async def test_the_applier_writes_nothing_for_a_spec_that_the_model_has_left_behind(
    applying: Applying, change: str
) -> None:
    """A restart with a LIST from yesterday: the old version was rolled out again, a new child was deleted."""
    now = bodies.body(version="2.0.0", route={"host": "a.example"})
    yesterday = bodies.model(version="1.0.0" if change == "another version" else "2.0.0")
    await applying.settle(bodies.model(version="2.0.0", route={"host": "a.example"}))
    now["metadata"]["generation"] = yesterday.generation + 1
    applying.cluster.put(kinds.IRIS_MODEL, now)

    with pytest.raises(errors.Waiting, match="it has changed meanwhile"):
        await applying.make(yesterday)

    assert applying.wrote() == []
    model = applying.store.snapshot(KEY).model
    assert model is not None
    assert model["metadata"]["generation"] == yesterday.generation + 1


async def test_the_applier_looks_for_the_model_once_however_many_children_are_made(
    applying: Applying,
) -> None:
    await applying.make(bodies.model())

    looks = [call for call in applying.cluster.calls if call == Call("read", kinds.IRIS_MODEL, *KEY)]
    assert len(looks) == 1


async def test_the_applier_leaves_what_others_add(applying: Applying) -> None:
    model = bodies.model()
    await applying.settle(model)
    annotated = applying.live(kinds.SERVICE)
    annotated["metadata"]["annotations"]["example.com/note"] = "mine"
    applying.somebody_writes(kinds.SERVICE, annotated)

    await applying.make(model)

    assert applying.cluster.calls == []


async def test_the_applier_repairs_an_object_that_lost_its_owner(applying: Applying) -> None:
    model = bodies.model()
    await applying.settle(model)
    stripped = applying.live(kinds.SERVICE)
    stripped["metadata"]["ownerReferences"] = []
    applying.somebody_writes(kinds.SERVICE, stripped)

    await applying.make(model)

    assert applying.live(kinds.SERVICE)["metadata"]["ownerReferences"][0]["uid"] == model.uid


async def test_the_applier_never_touches_what_belongs_to_somebody_else(applying: Applying) -> None:
    owner = {"apiVersion": "apps/v1", "kind": "Database", "name": "roses", "uid": "x", "controller": True}
    theirs = {"name": "iris", "namespace": "iris", "ownerReferences": [owner]}
    applying.cluster.put(kinds.SERVICE, {"metadata": theirs, "spec": {"ports": []}})

    (failure,) = await applying.make(bodies.model())

    assert (failure.condition, failure.reason, failure.is_final) == ("Ready", reasons.CHILD_CONFLICT, True)
    assert failure.message == (
        "Service iris: found one that belongs to Database roses, expected none of that name"
    )
    assert applying.live(kinds.SERVICE)["spec"] == {"ports": []}
    others = [kind.name for kind, _ in bodies.built(bodies.model()) if kind != kinds.SERVICE]
    assert applying.wrote() == [("apply", kind) for kind in others]


async def test_the_applier_waits_until_a_former_models_child_is_collected(applying: Applying) -> None:
    model = bodies.model()
    await applying.settle(model)
    former = applying.live(kinds.DEPLOYMENT)
    former["metadata"]["ownerReferences"][0]["uid"] = "of a model that was deleted"
    applying.somebody_writes(kinds.DEPLOYMENT, former)

    (failure,) = await applying.make(model)

    assert failure.message == "Deployment iris is being deleted"
    assert not failure.is_final
    assert applying.cluster.writes == []


async def test_a_child_that_is_being_deleted_holds_up_no_other(applying: Applying) -> None:
    await applying.settle(bodies.model())
    going = applying.live(kinds.DEPLOYMENT)
    going["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    applying.somebody_writes(kinds.DEPLOYMENT, going)

    (failure,) = await applying.make(bodies.model(route={"host": "a.example"}))

    assert (failure.condition, failure.message) == ("Ready", "Deployment iris is being deleted")
    assert applying.wrote() == [("apply", "Ingress")]


async def test_the_applier_deletes_what_is_ours_and_not_declared_any_more(applying: Applying) -> None:
    await applying.settle(bodies.model(route={"host": "a.example"}))

    await applying.make(bodies.model())

    assert applying.wrote() == [("delete", "Ingress")]
    assert applying.cluster.find(kinds.INGRESS, "iris", "iris") is None
    assert (kinds.INGRESS, "iris") not in applying.store.snapshot(KEY).children


async def test_the_applier_looks_before_it_deletes(applying: Applying) -> None:
    """The store may be behind: the name may be somebody else's by now."""
    await applying.settle(bodies.model(route={"host": "a.example"}))
    taken = applying.live(kinds.INGRESS)
    taken["metadata"]["ownerReferences"] = [{"kind": "App", "name": "roses", "uid": "x", "controller": True}]
    applying.cluster.put(kinds.INGRESS, taken)

    await applying.make(bodies.model())

    assert applying.cluster.writes == []
