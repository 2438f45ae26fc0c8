"""Declared children to cluster: what differs is written, nothing else, and never what is somebody else's."""

from typing import Any

import pytest
from iris_api import kinds, reasons
from iris_api.kinds import Kind
from iris_operator import errors
from iris_operator.act.apply import Applier
from iris_operator.act.overrides import Overrides
from iris_operator.model.spec import IrisModel
from iris_operator.observe.store import Store

from tests.fakes.cluster import Call, FakeCluster
from tests.operator import bodies

KEY = ("iris", "iris")


class Context:
    """A cluster, what the operator knows of it, and an applier between them."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.store = Store()
        self._applier = Applier(self.cluster, self.store, Overrides())
        self.cluster.put(kinds.IRIS_MODEL, bodies.body())

    async def make(self, model: IrisModel) -> tuple[errors.ChildFailure, ...]:
        return await self._applier.children(self.store.snapshot(KEY), model, bodies.built(model))

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
def context() -> Context:
    return Context()


async def test_the_applier_writes_every_child_once(context: Context) -> None:
    model = bodies.model(route={"host": "a.example"})

    await context.make(model)

    assert context.wrote() == [("apply", kind.name) for kind, _ in bodies.built(model)]


async def test_the_applier_makes_a_new_model_without_a_read_for_each_child(context: Context) -> None:
    await context.make(bodies.model(route={"host": "a.example"}))

    assert [call.kind for call in context.cluster.calls if call.verb == "read"] == [kinds.IRIS_MODEL]


async def test_the_applier_asks_nothing_and_writes_nothing_at_rest(context: Context) -> None:
    model = bodies.model(route={"host": "a.example"}, autoscaling={"maxReplicas": 5})
    await context.settle(model)

    await context.make(model)

    assert context.cluster.calls == []


async def test_the_applier_writes_only_the_child_that_somebody_changed(context: Context) -> None:
    model = bodies.model()
    await context.settle(model)
    changed = context.live(kinds.SERVICE)
    changed["spec"]["ports"][0]["port"] = 81
    context.somebody_writes(kinds.SERVICE, changed)

    await context.make(model)

    assert context.wrote() == [("apply", "Service")]
    assert context.live(kinds.SERVICE)["spec"]["ports"][0]["port"] == 80


async def test_a_deployment_paused_by_hand_is_resumed(context: Context) -> None:
    model = bodies.model()
    await context.settle(model)
    paused = context.live(kinds.DEPLOYMENT)
    paused["spec"]["paused"] = True
    context.somebody_writes(kinds.DEPLOYMENT, paused)

    await context.make(model)
    await context.make(model)

    assert context.wrote() == [("apply", "Deployment")]
    assert context.live(kinds.DEPLOYMENT)["spec"]["paused"] is False


async def test_an_autoscaled_deployment_at_zero_gets_the_least_replicas(context: Context) -> None:
    """At zero an autoscaler is turned off: nothing would ever raise it again."""
    await context.settle(bodies.model(replicas=0))
    autoscaled = bodies.model(replicas=0, autoscaling={"minReplicas": 2, "maxReplicas": 5})

    await context.make(autoscaled)

    assert context.live(kinds.DEPLOYMENT)["spec"]["replicas"] == 2


async def test_an_autoscaled_deployment_scaled_to_zero_by_hand_is_put_back(context: Context) -> None:
    autoscaled = bodies.model(autoscaling={"minReplicas": 2, "maxReplicas": 5})
    await context.settle(autoscaled)
    scaled = context.live(kinds.DEPLOYMENT)
    scaled["spec"]["replicas"] = 0
    context.somebody_writes(kinds.DEPLOYMENT, scaled)

    await context.make(autoscaled)
    first = context.wrote()
    await context.make(autoscaled)

    assert context.live(kinds.DEPLOYMENT)["spec"]["replicas"] == 2
    assert context.wrote() == first


@pytest.mark.parametrize("known", [True, False], ids=["known", "its label lost"])
async def test_the_applier_repairs_a_dashboard_of_which_only_a_digest_is_remembered(
    context: Context, known: bool
) -> None:
    model = bodies.model()
    await context.settle(model)
    right = context.live(kinds.CONFIG_MAP, "iris-dashboard")
    changed = {**right, "data": {name: text.replace("Iris", "Isis") for name, text in right["data"].items()}}
    context.somebody_writes(kinds.CONFIG_MAP, changed)
    if not known:
        context.store.vanish(kinds.CONFIG_MAP, context.live(kinds.CONFIG_MAP, "iris-dashboard"))

    await context.make(model)
    await context.make(model)

    assert context.wrote() == [("apply", "ConfigMap")]
    assert context.live(kinds.CONFIG_MAP, "iris-dashboard")["data"] == right["data"]


@pytest.mark.parametrize("left", ["nothing", "another of that name", "one that is being deleted"])
async def test_the_applier_makes_no_child_for_a_deleted_model(context: Context, left: str) -> None:
    """The children's DELETED events came, the model's did not (a 410 gap): each child was made again at once
    and collected again, as fast as the watch could tell, until the next resync."""
    model = bodies.model()
    await context.settle(model)
    service = context.live(kinds.SERVICE)
    context.cluster.take(kinds.SERVICE, service)
    context.store.vanish(kinds.SERVICE, service)
    context.cluster.take(kinds.IRIS_MODEL, bodies.body())
    if left != "nothing":
        body = bodies.body()
        mark = {"uid": "another"} if left == "another of that name" else {"deletionTimestamp": "2026-11-23"}
        context.cluster.put(kinds.IRIS_MODEL, {**body, "metadata": {**body["metadata"], **mark}})

    with pytest.raises(errors.Waiting, match="IrisModel iris is gone"):
        await context.make(model)

    assert context.wrote() == []


@pytest.mark.parametrize("change", ["another version", "no route any more"])
async def test_the_applier_writes_nothing_for_a_spec_that_the_model_has_left_behind(
    context: Context, change: str
) -> None:
    """A restart with a LIST from yesterday: the old version was rolled out again, a new child was deleted."""
    now = bodies.body(version="2.0.0", route={"host": "a.example"})
    yesterday = bodies.model(version="1.0.0" if change == "another version" else "2.0.0")
    await context.settle(bodies.model(version="2.0.0", route={"host": "a.example"}))
    now["metadata"]["generation"] = yesterday.generation + 1
    context.cluster.put(kinds.IRIS_MODEL, now)

    with pytest.raises(errors.Waiting, match="it has changed meanwhile"):
        await context.make(yesterday)

    assert context.wrote() == []
    model = context.store.snapshot(KEY).model
    assert model is not None
    assert model["metadata"]["generation"] == yesterday.generation + 1


async def test_the_applier_looks_for_the_model_once_however_many_children_are_made(context: Context) -> None:
    await context.make(bodies.model())

    looks = [call for call in context.cluster.calls if call == Call("read", kinds.IRIS_MODEL, *KEY)]
    assert len(looks) == 1


async def test_the_applier_leaves_what_others_add(context: Context) -> None:
    model = bodies.model()
    await context.settle(model)
    annotated = context.live(kinds.SERVICE)
    annotated["metadata"]["annotations"]["example.com/note"] = "mine"
    context.somebody_writes(kinds.SERVICE, annotated)

    await context.make(model)

    assert context.cluster.calls == []


async def test_the_applier_repairs_an_object_that_lost_its_owner(context: Context) -> None:
    model = bodies.model()
    await context.settle(model)
    stripped = context.live(kinds.SERVICE)
    stripped["metadata"]["ownerReferences"] = []
    context.somebody_writes(kinds.SERVICE, stripped)

    await context.make(model)

    assert context.live(kinds.SERVICE)["metadata"]["ownerReferences"][0]["uid"] == model.uid


async def test_the_applier_never_touches_what_belongs_to_somebody_else(context: Context) -> None:
    owner = {"apiVersion": "apps/v1", "kind": "Database", "name": "roses", "uid": "x", "controller": True}
    theirs = {"name": "iris", "namespace": "iris", "ownerReferences": [owner]}
    context.cluster.put(kinds.SERVICE, {"metadata": theirs, "spec": {"ports": []}})

    (failure,) = await context.make(bodies.model())

    assert (failure.condition, failure.reason, failure.is_final) == ("Ready", reasons.CHILD_CONFLICT, True)
    assert failure.message == (
        "Service iris: found one that belongs to Database roses, expected none of that name"
    )
    assert context.live(kinds.SERVICE)["spec"] == {"ports": []}
    others = [kind.name for kind, _ in bodies.built(bodies.model()) if kind != kinds.SERVICE]
    assert context.wrote() == [("apply", kind) for kind in others]


async def test_the_applier_waits_until_a_former_models_child_is_collected(context: Context) -> None:
    model = bodies.model()
    await context.settle(model)
    former = context.live(kinds.DEPLOYMENT)
    former["metadata"]["ownerReferences"][0]["uid"] = "of a model that was deleted"
    context.somebody_writes(kinds.DEPLOYMENT, former)

    (failure,) = await context.make(model)

    assert failure.message == "Deployment iris is being deleted"
    assert not failure.is_final
    assert context.cluster.writes == []


async def test_a_child_that_is_being_deleted_holds_up_no_other(context: Context) -> None:
    await context.settle(bodies.model())
    going = context.live(kinds.DEPLOYMENT)
    going["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    context.somebody_writes(kinds.DEPLOYMENT, going)

    (failure,) = await context.make(bodies.model(route={"host": "a.example"}))

    assert (failure.condition, failure.message) == ("Ready", "Deployment iris is being deleted")
    assert context.wrote() == [("apply", "Ingress")]


async def test_somebody_else_holds_the_replicas_before_they_are_dropped(context: Context) -> None:
    """Without that the field would fall back to 1 for a moment: a dip under load."""
    await context.settle(bodies.model(replicas=7))

    await context.make(bodies.model(replicas=7, autoscaling={"maxReplicas": 9}))

    assert [(call.manager, call.kind.name) for call in context.cluster.writes] == [
        ("iris-operator-replicas", "Deployment"),
        ("iris-operator", "Deployment"),
        ("iris-operator", "HorizontalPodAutoscaler"),
    ]
    assert context.live(kinds.DEPLOYMENT)["spec"]["replicas"] == 7


async def test_the_applier_hands_the_replicas_over_once(context: Context) -> None:
    await context.settle(bodies.model(autoscaling={"maxReplicas": 9}))

    await context.make(bodies.model(version="1.5.0", autoscaling={"maxReplicas": 9}))

    managers = {call.manager for call in context.cluster.writes}
    assert managers == {"iris-operator"}


async def test_the_applier_deletes_what_is_ours_and_not_declared_any_more(context: Context) -> None:
    await context.settle(bodies.model(route={"host": "a.example"}))

    await context.make(bodies.model())

    assert context.wrote() == [("delete", "Ingress")]
    assert context.cluster.find(kinds.INGRESS, "iris", "iris") is None
    assert (kinds.INGRESS, "iris") not in context.store.snapshot(KEY).children


async def test_the_applier_looks_before_it_deletes(context: Context) -> None:
    """The store may be behind: the name may be somebody else's by now."""
    await context.settle(bodies.model(route={"host": "a.example"}))
    taken = context.live(kinds.INGRESS)
    taken["metadata"]["ownerReferences"] = [{"kind": "App", "name": "roses", "uid": "x", "controller": True}]
    context.cluster.put(kinds.INGRESS, taken)

    await context.make(bodies.model())

    assert context.cluster.writes == []


@pytest.mark.parametrize("code", [400, 422])
async def test_the_applier_reports_what_the_api_server_refused(context: Context, code: int) -> None:
    async def refuse(call: Call) -> None:
        if (call.verb, call.kind) == ("apply", kinds.DEPLOYMENT):
            raise errors.ClusterError(code, "spec.template: not like this")

    context.cluster.before = refuse

    (failure,) = await context.make(bodies.model())

    assert (failure.reason, failure.message) == (
        reasons.INVALID_SPEC,
        "Deployment iris: spec.template: not like this",
    )
    assert context.live(kinds.SERVICE)


@pytest.mark.parametrize(
    ("code", "is_final"), [(0, False), (403, True), (409, True), (429, False), (500, False)]
)
async def test_a_refused_child_holds_up_no_other(context: Context, code: int, *, is_final: bool) -> None:
    async def refuse(call: Call) -> None:
        if (call.verb, call.kind) == ("apply", kinds.DEPLOYMENT):
            raise errors.ClusterError(code, "not now")

    context.cluster.before = refuse

    (failure,) = await context.make(bodies.model())

    assert (failure.condition, failure.reason, failure.is_final) == ("Ready", "ChildRefused", is_final)
    assert failure.message == f"Deployment iris: {code or ''} not now".replace("  ", " ")
    others = [kind.name for kind, _ in bodies.built(bodies.model()) if kind != kinds.DEPLOYMENT]
    assert [kind for _, kind in context.wrote() if kind != "Deployment"] == others


async def test_the_applier_leaves_an_api_server_that_is_silent_twice_to_the_queue(context: Context) -> None:
    """Ten children of a model would each wait for their time-out."""

    async def be_silent(call: Call) -> None:
        if call.verb == "apply":
            raise errors.ClusterError(0, "no answer")

    context.cluster.before = be_silent

    with pytest.raises(errors.ClusterError, match="no answer"):
        await context.make(bodies.model())

    assert len(context.cluster.calls) <= 4


async def test_the_applier_waits_quietly_where_the_namespace_is_being_deleted(context: Context) -> None:
    async def refuse(call: Call) -> None:
        if call.verb == "apply":
            raise errors.ClusterError(403, "is being terminated", ending=True)

    context.cluster.before = refuse

    with pytest.raises(errors.Waiting, match="its namespace is being deleted"):
        await context.make(bodies.model())


@pytest.mark.parametrize("lost", range(4))
async def test_the_applier_goes_on_where_it_was_cut_off(context: Context, lost: int) -> None:
    """The process ends after any write, its answer unseen; a fresh one has an empty store."""

    async def cut(_: Call) -> None:
        if len(context.cluster.writes) > lost:
            raise errors.ClusterError(0, "no answer")

    async def go(_: Call) -> None:
        return None

    model = bodies.model(route={"host": "a.example"})
    context.cluster.after = cut
    with pytest.raises(errors.ClusterError):
        await context.make(model)
    context.cluster.after, context.store = go, Store()
    fresh = Applier(context.cluster, context.store, Overrides())

    await fresh.children(context.store.snapshot(KEY), model, bodies.built(model))

    applied = [call.kind.name for call in context.cluster.writes]
    assert applied == [kind.name for kind, _ in bodies.built(model)]


async def test_the_applier_goes_on_when_the_api_of_an_optional_kind_has_just_gone(context: Context) -> None:
    async def gone(call: Call) -> None:
        if call.verb == "apply" and call.kind == kinds.SERVICE_MONITOR:
            raise errors.ClusterError(404, "the server could not find the requested resource")

    context.cluster.before = gone

    failures = await context.make(bodies.model(route={"host": "a.example"}))

    assert failures == ()
    assert context.cluster.find(kinds.INGRESS, "iris", "iris") is not None  # it comes after
