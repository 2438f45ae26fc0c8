"""Declared children to cluster: what differs is written, nothing else, and never what is somebody else's."""

from typing import Any

import pytest
from iris_operator import children, errors, kinds, reasons
from iris_operator.apply import Applier
from iris_operator.kinds import Kind
from iris_operator.spec import IrisModel
from iris_operator.store import Store

from tests.fakes.cluster import Call, FakeCluster
from tests.operator import bodies

KEY = ("iris", "iris")


class World:
    """A cluster, what the operator knows of it, and an applier between them."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.store = Store()
        self._applier = Applier(self.cluster, self.store)
        self.cluster.put(kinds.IRIS_MODEL, bodies.body())

    async def make(self, model: IrisModel) -> tuple[errors.ChildFailure, ...]:
        return await self._applier.children(self.store.snapshot(KEY), model, children.build(model))

    async def settle(self, model: IrisModel) -> None:
        """Make it so, then count from here."""
        await self.make(model)
        self.cluster.calls.clear()

    def somebody_writes(self, kind: Kind, body: dict[str, Any]) -> None:
        """The cluster changes and a watch tells of it."""
        self.store.observe(kind, self.cluster.put(kind, body))

    def live(self, kind: Kind, name: str = "iris") -> dict[str, Any]:
        found = self.cluster.find(kind, "iris", name)
        assert found is not None
        return found

    def wrote(self) -> list[tuple[str, str]]:
        return [(call.verb, call.kind.name) for call in self.cluster.writes]


@pytest.fixture
def world() -> World:
    return World()


async def test_writes_every_child_once(world: World) -> None:
    model = bodies.model(route={"host": "a.example"})

    await world.make(model)

    assert world.wrote() == [("apply", kind.name) for kind, _ in children.build(model)]


async def test_makes_a_new_model_without_a_read_for_each_child(world: World) -> None:
    await world.make(bodies.model(route={"host": "a.example"}))

    assert [call.kind for call in world.cluster.calls if call.verb == "read"] == [kinds.IRIS_MODEL]


async def test_asks_nothing_and_writes_nothing_at_rest(world: World) -> None:
    model = bodies.model(route={"host": "a.example"}, autoscaling={"maxReplicas": 5})
    await world.settle(model)

    await world.make(model)

    assert world.cluster.calls == []


async def test_writes_only_the_child_that_somebody_changed(world: World) -> None:
    model = bodies.model()
    await world.settle(model)
    changed = world.live(kinds.SERVICE)
    changed["spec"]["ports"][0]["port"] = 81
    world.somebody_writes(kinds.SERVICE, changed)

    await world.make(model)

    assert world.wrote() == [("apply", "Service")]
    assert world.live(kinds.SERVICE)["spec"]["ports"][0]["port"] == 80


@pytest.mark.parametrize("known", [True, False], ids=["known", "its label lost"])
async def test_repairs_a_dashboard_of_which_only_a_digest_is_remembered(world: World, known: bool) -> None:
    model = bodies.model()
    await world.settle(model)
    right = world.live(kinds.CONFIG_MAP, "iris-dashboard")
    changed = {**right, "data": {name: text.replace("Iris", "Isis") for name, text in right["data"].items()}}
    world.somebody_writes(kinds.CONFIG_MAP, changed)
    if not known:
        world.store.vanish(kinds.CONFIG_MAP, world.live(kinds.CONFIG_MAP, "iris-dashboard"))

    await world.make(model)
    await world.make(model)

    assert world.wrote() == [("apply", "ConfigMap")]
    assert world.live(kinds.CONFIG_MAP, "iris-dashboard")["data"] == right["data"]


@pytest.mark.parametrize("left", ["nothing", "another of that name", "one that is being deleted"])
async def test_makes_no_child_for_a_model_that_is_gone(world: World, left: str) -> None:
    """The children's DELETED events came, the model's did not (a 410 gap): each child was made again at once
    and collected again, as fast as the watch could tell, until the next sweep."""
    model = bodies.model()
    await world.settle(model)
    service = world.live(kinds.SERVICE)
    world.cluster.take(kinds.SERVICE, service)
    world.store.vanish(kinds.SERVICE, service)
    world.cluster.take(kinds.IRIS_MODEL, bodies.body())
    if left != "nothing":
        body = bodies.body()
        mark = {"uid": "another"} if left == "another of that name" else {"deletionTimestamp": "2026-11-23"}
        world.cluster.put(kinds.IRIS_MODEL, {**body, "metadata": {**body["metadata"], **mark}})

    with pytest.raises(errors.Waiting, match="IrisModel iris is gone"):
        await world.make(model)

    assert world.wrote() == []


@pytest.mark.parametrize("change", ["another version", "no route any more"])
async def test_writes_nothing_for_a_spec_that_the_model_has_left_behind(world: World, change: str) -> None:
    """A restart with a LIST from yesterday: the old version was rolled out again, a new child was deleted."""
    now = bodies.body(version="2.0.0", route={"host": "a.example"})
    yesterday = bodies.model(version="1.0.0" if change == "another version" else "2.0.0")
    await world.settle(bodies.model(version="2.0.0", route={"host": "a.example"}))
    now["metadata"]["generation"] = yesterday.generation + 1
    world.cluster.put(kinds.IRIS_MODEL, now)

    with pytest.raises(errors.Waiting, match="it has changed meanwhile"):
        await world.make(yesterday)

    assert world.wrote() == []
    model = world.store.snapshot(KEY).model
    assert model is not None
    assert model["metadata"]["generation"] == yesterday.generation + 1


async def test_looks_for_the_model_once_however_many_children_are_made(world: World) -> None:
    await world.make(bodies.model())

    looks = [call for call in world.cluster.calls if call == Call("read", kinds.IRIS_MODEL, *KEY)]
    assert len(looks) == 1


async def test_leaves_what_others_add(world: World) -> None:
    model = bodies.model()
    await world.settle(model)
    annotated = world.live(kinds.SERVICE)
    annotated["metadata"]["annotations"]["example.com/note"] = "mine"
    world.somebody_writes(kinds.SERVICE, annotated)

    await world.make(model)

    assert world.cluster.calls == []


async def test_repairs_an_object_that_lost_its_owner(world: World) -> None:
    model = bodies.model()
    await world.settle(model)
    stripped = world.live(kinds.SERVICE)
    stripped["metadata"]["ownerReferences"] = []
    world.somebody_writes(kinds.SERVICE, stripped)

    await world.make(model)

    assert world.live(kinds.SERVICE)["metadata"]["ownerReferences"][0]["uid"] == model.uid


async def test_never_touches_what_belongs_to_somebody_else(world: World) -> None:
    owner = {"apiVersion": "apps/v1", "kind": "Database", "name": "roses", "uid": "x", "controller": True}
    theirs = {"name": "iris", "namespace": "iris", "ownerReferences": [owner]}
    world.cluster.put(kinds.SERVICE, {"metadata": theirs, "spec": {"ports": []}})

    (failure,) = await world.make(bodies.model())

    assert (failure.condition, failure.reason, failure.is_final) == ("Ready", reasons.CHILD_CONFLICT, True)
    assert failure.message == (
        "Service iris: found one that belongs to Database roses, expected none of that name"
    )
    assert world.live(kinds.SERVICE)["spec"] == {"ports": []}
    others = [kind.name for kind, _ in children.build(bodies.model()) if kind != kinds.SERVICE]
    assert world.wrote() == [("apply", kind) for kind in others]


async def test_waits_until_a_former_models_child_is_collected(world: World) -> None:
    model = bodies.model()
    await world.settle(model)
    former = world.live(kinds.DEPLOYMENT)
    former["metadata"]["ownerReferences"][0]["uid"] = "of a model that was deleted"
    world.somebody_writes(kinds.DEPLOYMENT, former)

    (failure,) = await world.make(model)

    assert failure.message == "Deployment iris is being deleted"
    assert not failure.is_final
    assert world.cluster.writes == []


async def test_a_child_that_is_being_deleted_holds_up_no_other(world: World) -> None:
    await world.settle(bodies.model())
    going = world.live(kinds.DEPLOYMENT)
    going["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    world.somebody_writes(kinds.DEPLOYMENT, going)

    (failure,) = await world.make(bodies.model(route={"host": "a.example"}))

    assert (failure.condition, failure.message) == ("Ready", "Deployment iris is being deleted")
    assert world.wrote() == [("apply", "Ingress")]


async def test_somebody_else_holds_the_replicas_before_they_are_dropped(world: World) -> None:
    """Without that the field would fall back to 1 for a moment: a dip under load."""
    await world.settle(bodies.model(replicas=7))

    await world.make(bodies.model(replicas=7, autoscaling={"maxReplicas": 9}))

    assert [(call.manager, call.kind.name) for call in world.cluster.writes] == [
        ("iris-operator-replicas", "Deployment"),
        ("iris-operator", "Deployment"),
        ("iris-operator", "HorizontalPodAutoscaler"),
    ]
    assert world.live(kinds.DEPLOYMENT)["spec"]["replicas"] == 7


async def test_hands_the_replicas_over_once(world: World) -> None:
    await world.settle(bodies.model(autoscaling={"maxReplicas": 9}))

    await world.make(bodies.model(version="1.5.0", autoscaling={"maxReplicas": 9}))

    managers = {call.manager for call in world.cluster.writes}
    assert managers == {"iris-operator"}


async def test_deletes_what_is_ours_and_not_declared_any_more(world: World) -> None:
    await world.settle(bodies.model(route={"host": "a.example"}))

    await world.make(bodies.model())

    assert world.wrote() == [("delete", "Ingress")]
    assert world.cluster.find(kinds.INGRESS, "iris", "iris") is None
    assert (kinds.INGRESS, "iris") not in world.store.snapshot(KEY).children


async def test_looks_before_it_deletes(world: World) -> None:
    """The store may be behind: the name may be somebody else's by now."""
    await world.settle(bodies.model(route={"host": "a.example"}))
    taken = world.live(kinds.INGRESS)
    taken["metadata"]["ownerReferences"] = [{"kind": "App", "name": "roses", "uid": "x", "controller": True}]
    world.cluster.put(kinds.INGRESS, taken)

    await world.make(bodies.model())

    assert world.cluster.writes == []


@pytest.mark.parametrize("code", [400, 422])
async def test_tells_the_user_what_the_api_server_refused(world: World, code: int) -> None:
    async def refuse(call: Call) -> None:
        if (call.verb, call.kind) == ("apply", kinds.DEPLOYMENT):
            raise errors.ClusterError(code, "spec.template: not like this")

    world.cluster.before = refuse

    (failure,) = await world.make(bodies.model())

    assert (failure.reason, failure.message) == (
        reasons.INVALID_SPEC,
        "Deployment iris: spec.template: not like this",
    )
    assert world.live(kinds.SERVICE)


@pytest.mark.parametrize(
    ("code", "is_final"), [(0, False), (403, True), (409, True), (429, False), (500, False)]
)
async def test_a_refused_child_holds_up_no_other(world: World, code: int, *, is_final: bool) -> None:
    async def refuse(call: Call) -> None:
        if (call.verb, call.kind) == ("apply", kinds.DEPLOYMENT):
            raise errors.ClusterError(code, "not now")

    world.cluster.before = refuse

    (failure,) = await world.make(bodies.model())

    assert (failure.condition, failure.reason, failure.is_final) == ("Ready", "ChildRefused", is_final)
    assert failure.message == f"Deployment iris: {code or ''} not now".replace("  ", " ")
    others = [kind.name for kind, _ in children.build(bodies.model()) if kind != kinds.DEPLOYMENT]
    assert [kind for _, kind in world.wrote() if kind != "Deployment"] == others


async def test_leaves_an_api_server_that_is_silent_twice_to_the_queue(world: World) -> None:
    """Ten children of a model would each wait for their time-out."""

    async def be_silent(call: Call) -> None:
        if call.verb == "apply":
            raise errors.ClusterError(0, "no answer")

    world.cluster.before = be_silent

    with pytest.raises(errors.ClusterError, match="no answer"):
        await world.make(bodies.model())

    assert len(world.cluster.calls) <= 4


async def test_waits_quietly_where_the_namespace_is_being_deleted(world: World) -> None:
    async def refuse(call: Call) -> None:
        if call.verb == "apply":
            raise errors.ClusterError(403, "is being terminated", ending=True)

    world.cluster.before = refuse

    with pytest.raises(errors.Waiting, match="its namespace is being deleted"):
        await world.make(bodies.model())


@pytest.mark.parametrize("lost", range(4))
async def test_goes_on_where_it_was_cut_off(world: World, lost: int) -> None:
    """The process ends after any write, its answer unseen; a fresh one has an empty store."""

    async def cut(_: Call) -> None:
        if len(world.cluster.writes) > lost:
            raise errors.ClusterError(0, "no answer")

    async def go(_: Call) -> None:
        return None

    model = bodies.model(route={"host": "a.example"})
    world.cluster.after = cut
    with pytest.raises(errors.ClusterError):
        await world.make(model)
    world.cluster.after, world.store = go, Store()
    fresh = Applier(world.cluster, world.store)

    await fresh.children(world.store.snapshot(KEY), model, children.build(model))

    applied = [call.kind.name for call in world.cluster.writes]
    assert applied == [kind.name for kind, _ in children.build(model)]


async def test_goes_on_when_the_api_of_an_optional_kind_has_just_gone(world: World) -> None:
    async def gone(call: Call) -> None:
        if call.verb == "apply" and call.kind == kinds.SERVICE_MONITOR:
            raise errors.ClusterError(404, "the server could not find the requested resource")

    world.cluster.before = gone

    failures = await world.make(bodies.model(route={"host": "a.example"}))

    assert failures == ()
    assert world.cluster.find(kinds.INGRESS, "iris", "iris") is not None  # it comes after
