"""What the operator remembers: the newest copy of each object, and whose it is."""

from typing import Any

import pytest
from iris_api import kinds
from iris_operator.observe import store
from iris_operator.observe.store import Key, Store

from tests.operator import bodies
from tests.operator.bodies import child

IRIS, ROSES = ("iris", "iris"), ("iris", "roses")


def model(name: str = "iris", version: int = 10, **declared: Any) -> dict[str, Any]:
    body = bodies.body(name, **declared)
    body["metadata"]["resourceVersion"] = str(version)
    return body


def labelled(name: str, instance: str = "iris", managed_by: str = "iris-operator") -> dict[str, Any]:
    body = child(name, owner=None)
    body["metadata"]["labels"] = {
        "app.kubernetes.io/managed-by": managed_by,
        "app.kubernetes.io/instance": instance,
    }
    return body


def version_of(known: Store, name: str = "iris") -> str:
    return str(known.snapshot(IRIS).children[kinds.SERVICE, name]["metadata"]["resourceVersion"])


@pytest.mark.parametrize(
    ("second", "kept", "concerned"),
    [(9, "10", set()), (10, "10", set()), (11, "11", {IRIS})],
    ids=["older", "the same", "newer"],
)
def test_the_store_never_replaces_a_copy_by_an_older_one(second: int, kept: str, concerned: set[Key]) -> None:
    known = Store()
    known.observe(kinds.SERVICE, child(version=10))

    keys = known.observe(kinds.SERVICE, child(version=second))

    assert (version_of(known), keys) == (kept, concerned)


def test_the_store_orders_versions_as_numbers() -> None:
    known = Store()
    known.observe(kinds.SERVICE, child(version=9))

    known.observe(kinds.SERVICE, child(version=10))

    assert version_of(known) == "10"


@pytest.mark.parametrize(("gone", "left"), [(9, 1), (10, 0), (11, 0)], ids=["older", "same", "newer"])
def test_the_store_forgets_an_object_unless_a_newer_one_of_that_name_is_known(gone: int, left: int) -> None:
    known = Store()
    known.observe(kinds.SERVICE, child(version=10))

    keys = known.vanish(kinds.SERVICE, child(version=gone))

    assert len(known.snapshot(IRIS).children) == left
    assert keys == (set() if left else {IRIS})


def test_a_list_shows_what_vanished_without_a_word() -> None:
    known = Store()
    known.observe(kinds.SERVICE, child("iris", version=10))
    known.observe(kinds.SERVICE, child("roses", version=11, owner="roses"))

    keys = known.compare(kinds.SERVICE, None, [child("iris", version=10)], 20)

    assert keys == {ROSES}
    assert known.snapshot(ROSES).children == {}
    assert known.snapshot(IRIS).children.keys() == {(kinds.SERVICE, "iris")}


def test_a_list_says_nothing_about_what_is_newer_than_it() -> None:
    known = Store()
    known.observe(kinds.SERVICE, child(version=21))

    assert known.compare(kinds.SERVICE, None, [], 20) == set()
    assert known.compare(kinds.SERVICE, None, [], 21) == {IRIS}


def test_a_list_brings_what_no_watch_told_of() -> None:
    known = Store()

    assert known.compare(kinds.SERVICE, None, [child(version=5)], 20) == {IRIS}
    assert known.compare(kinds.SERVICE, None, [child(version=5)], 30) == set()


def test_a_list_of_one_namespace_says_nothing_about_another() -> None:
    known = Store()
    known.observe(kinds.SERVICE, child(version=5))

    assert known.compare(kinds.SERVICE, "other", [], 20) == set()
    assert known.compare(kinds.SERVICE, "iris", [], 20) == {IRIS}


def test_a_list_of_one_kind_says_nothing_about_another() -> None:
    known = Store()
    known.observe(kinds.INGRESS, child(version=5))

    known.compare(kinds.SERVICE, None, [], 20)

    assert known.snapshot(IRIS).children.keys() == {(kinds.INGRESS, "iris")}


def test_a_snapshot_is_its_readers_own() -> None:
    known = Store()
    known.observe(kinds.SERVICE, child(spec={"ports": [80]}))

    known.snapshot(IRIS).children[kinds.SERVICE, "iris"]["spec"]["ports"].append(81)

    assert known.snapshot(IRIS).children[kinds.SERVICE, "iris"]["spec"] == {"ports": [80]}


def test_a_snapshot_has_its_model_once_though_it_is_its_own_rival() -> None:
    known = Store()
    known.observe(kinds.IRIS_MODEL, bodies.body(route={"path": "/"}))

    snapshot = known.snapshot(IRIS)

    assert [rival is snapshot.model for rival in snapshot.rivals] == [True]


def test_a_snapshot_is_renewed_only_when_something_in_it_has_changed() -> None:
    known = Store()
    known.observe(kinds.IRIS_MODEL, model(version=5))
    known.observe(kinds.DEPLOYMENT, child(version=6))
    first = known.snapshot(IRIS)

    known.observe(kinds.DEPLOYMENT, child("roses", owner="roses", version=7))
    same = known.renewed(first)
    known.observe(kinds.DEPLOYMENT, child(version=8))
    second = known.renewed(same)
    known.vanish(kinds.DEPLOYMENT, child(version=8))

    assert same is first
    assert second.children[kinds.DEPLOYMENT, "iris"]["metadata"]["resourceVersion"] == "8"
    assert known.renewed(second).children == {}


def test_a_snapshot_is_renewed_when_a_rival_or_its_ingress_has_changed() -> None:
    known = Store()
    route = {"host": "shared.test"}
    known.observe(kinds.IRIS_MODEL, model(version=5, route=route))
    snapshots = [known.snapshot(IRIS)]

    for kind, body in (
        (kinds.IRIS_MODEL, model("roses", version=6, route=route)),
        (kinds.INGRESS, child("roses", owner="roses", version=7)),
        (kinds.INGRESS, child("roses", owner="roses", version=8)),
    ):
        known.observe(kind, body)
        snapshots.append(known.renewed(snapshots[-1]))

    assert len({id(one) for one in snapshots}) == 4


def test_a_snapshot_is_all_that_is_known_of_one_model() -> None:
    known = Store()
    everything = {
        kinds.IRIS_MODEL: model(),
        kinds.DEPLOYMENT: child(),
        kinds.REPLICA_SET: labelled("iris-1"),
        kinds.POD: labelled("iris-1-a"),
    }
    for kind, body in everything.items():
        known.observe(kind, body)
        known.observe(kind, child("roses", owner="roses") if kind != kinds.IRIS_MODEL else model("roses"))

    snapshot = known.snapshot(IRIS)

    assert snapshot.model == model()
    assert snapshot.children == {(kinds.DEPLOYMENT, "iris"): child()}
    assert [body["metadata"]["name"] for body in snapshot.replica_sets] == ["iris-1"]
    assert [body["metadata"]["name"] for body in snapshot.pods] == ["iris-1-a"]
    assert known.models() == {IRIS, ROSES}


def test_the_store_has_no_snapshot_of_an_unknown_model() -> None:
    snapshot = Store().snapshot(IRIS)

    assert (snapshot.model, snapshot.children, snapshot.pods, snapshot.rivals) == (None, {}, (), ())


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (child(owner="roses"), ROSES),
        (labelled("x", "roses"), ROSES),
        (labelled("x", "roses", managed_by="Helm"), None),
        (child(owner=None), None),
    ],
    ids=["its owner", "our labels", "another's labels", "nobody"],
)
def test_the_owner_of_an_object_is_found(body: dict[str, Any], key: Key | None) -> None:
    assert store.model_of(body) == key


def test_the_store_wakes_both_models_when_an_object_changes_hands() -> None:
    known = Store()
    known.observe(kinds.SERVICE, child(version=1, owner="iris"))

    assert known.observe(kinds.SERVICE, child(version=2, owner="roses")) == {IRIS, ROSES}
    assert known.snapshot(IRIS).children == {}


def rivals(known: Store, key: Key = IRIS) -> set[str]:
    return {body["metadata"]["name"] for body in known.snapshot(key).rivals}


def test_the_store_wakes_every_model_that_wants_a_route_which_was_given_up() -> None:
    known = Store()
    known.observe(kinds.IRIS_MODEL, model("iris", 1, route={"host": "a.example"}))
    assert rivals(known) == {"iris"}

    assert known.observe(kinds.IRIS_MODEL, model("roses", 2, route={"host": "a.example"})) == {IRIS, ROSES}
    assert rivals(known) == rivals(known, ROSES) == {"iris", "roses"}

    assert known.observe(kinds.IRIS_MODEL, model("iris", 3, route={"host": "b.example"})) == {IRIS, ROSES}
    assert (rivals(known), rivals(known, ROSES)) == ({"iris"}, {"roses"})

    known.observe(kinds.IRIS_MODEL, model("iris", 4, route={"host": "a.example"}))
    assert known.vanish(kinds.IRIS_MODEL, model("iris", 5)) == {IRIS, ROSES}
    assert rivals(known, ROSES) == {"roses"}


def test_the_store_keeps_of_each_kind_only_what_a_pass_reads() -> None:
    known = Store()
    heavy: dict[str, Any] = {"spec": {"much": "text", "nodeName": "node-1"}, "status": {"podIP": "10.0.0.7"}}
    for kind, name in ((kinds.POD, "pod"), (kinds.REPLICA_SET, "set"), (kinds.SERVICE, "iris")):
        body = child(name, **heavy)
        body["metadata"]["managedFields"] = [{"manager": "kubectl"}]
        known.observe(kind, body)

    snapshot = known.snapshot(IRIS)

    [pod], [replica_set] = snapshot.pods, snapshot.replica_sets
    assert pod == child("pod", spec={"nodeName": "node-1"}, status={"podIP": "10.0.0.7"})
    assert replica_set == child("set")
    assert snapshot.children[kinds.SERVICE, "iris"] == child(**heavy)
