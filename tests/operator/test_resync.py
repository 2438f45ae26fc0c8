"""LIST and compare: what the watches missed comes to light, and nothing known is lost by it."""

from typing import Any

import pytest
from iris_api import kinds
from iris_operator import errors
from iris_operator.observe.store import Store
from iris_operator.runtime import resync
from iris_operator.runtime.queue import Queue

from tests.fakes.cluster import Call, FakeCluster
from tests.operator import bodies

OURS = {"app.kubernetes.io/managed-by": "iris-operator", "app.kubernetes.io/instance": "iris"}


def some_queue() -> Queue:
    return Queue(lambda: 0.5)


async def taken(queue: Queue, count: int) -> set[tuple[str, str]]:
    return {await queue.take() for _ in range(count)}


async def test_the_resync_lists_every_kind_once_and_of_the_rest_only_what_carries_our_label() -> None:
    cluster = FakeCluster()

    await resync.once(cluster, Store(), some_queue(), ())

    assert [call.kind for call in cluster.calls] == [kind for kind, _ in resync.WATCHED]
    assert {kind for kind, selector in resync.WATCHED if selector is None} == {kinds.IRIS_MODEL}


async def test_the_resync_looks_at_every_model_and_at_those_of_vanished_objects() -> None:
    cluster, store, queue = FakeCluster(), Store(), some_queue()
    cluster.put(kinds.IRIS_MODEL, bodies.body("iris"))
    cluster.put(kinds.IRIS_MODEL, bodies.body("roses"))
    orphan = {"name": "old", "namespace": "iris", "resourceVersion": "1"}
    store.observe(
        kinds.SERVICE,
        {"metadata": {**orphan, "labels": {**OURS, "app.kubernetes.io/instance": "gone"}}},
    )

    await resync.once(cluster, store, queue, ())

    assert await taken(queue, 3) == {("iris", "iris"), ("iris", "roses"), ("iris", "gone")}


async def test_the_resync_lists_only_the_namespaces_that_it_was_told_of() -> None:
    cluster, store = FakeCluster(), Store()
    for namespace in ("a", "b", "c"):
        cluster.put(kinds.IRIS_MODEL, bodies.body(namespace=namespace))

    await resync.once(cluster, store, some_queue(), ("a", "b"))

    assert store.models() == {("a", "iris"), ("b", "iris")}


async def test_the_resync_keeps_what_comes_into_one_namespace_while_the_next_is_listed() -> None:
    """The first LIST is older than the last: what it does not show may have come in between."""
    cluster, store = FakeCluster(), Store()

    async def arrive(call: Call) -> None:
        if call.namespace == "b" and call.kind == kinds.IRIS_MODEL:
            store.observe(kinds.IRIS_MODEL, cluster.put(kinds.IRIS_MODEL, bodies.body(namespace="a")))

    cluster.before = arrive

    await resync.once(cluster, store, some_queue(), ("a", "b"))

    assert store.models() == {("a", "iris")}


async def test_the_resync_returns_the_version_from_which_to_watch() -> None:
    _, versions = await resync.once(lacking(kinds.SERVICE_MONITOR), Store(), some_queue(), ("a", "b"))
    first, *_, last = resync.scopes(("a", "b"))

    assert list(versions) == resync.scopes(("a", "b"))
    assert 0 < versions[first] < versions[last]
    assert {place.kind for place, version in versions.items() if not version} == {kinds.SERVICE_MONITOR}


async def test_a_routine_look_lets_what_is_declared_meanwhile_pass() -> None:
    cluster, store, queue = FakeCluster(), Store(), some_queue()
    known = cluster.put(kinds.IRIS_MODEL, bodies.body("roses"))
    store.observe(kinds.IRIS_MODEL, known)

    await resync.once(cluster, store, queue, ())
    queue.add(("iris", "new"))

    assert [await queue.take() for _ in range(2)] == [("iris", "new"), ("iris", "roses")]


def lacking(*absent: kinds.Kind) -> FakeCluster:
    """A cluster without the API of these kinds."""
    cluster = FakeCluster()

    async def refuse(call: Call) -> None:
        if call.kind in absent:
            raise errors.ClusterError(404, "404 page not found")

    cluster.before = refuse
    return cluster


def monitor() -> dict[str, Any]:
    return {"metadata": {"name": "iris", "namespace": "iris", "labels": OURS, "resourceVersion": "7"}}


async def test_a_kind_that_is_not_installed_is_absent_and_no_error() -> None:
    store = Store()

    await resync.once(lacking(kinds.SERVICE_MONITOR), store, some_queue(), ())

    assert store.absent == {kinds.SERVICE_MONITOR}


async def test_a_kind_of_kubernetes_itself_must_be_there() -> None:
    with pytest.raises(errors.ClusterError):
        await resync.once(lacking(kinds.SERVICE), Store(), some_queue(), ())


async def test_objects_of_a_kind_that_was_removed_are_forgotten_and_their_models_looked_at() -> None:
    store, queue = Store(), some_queue()
    store.observe(kinds.SERVICE_MONITOR, monitor())

    await resync.once(lacking(kinds.SERVICE_MONITOR), store, queue, ())

    assert store.snapshot(("iris", "iris")).children == {}
    assert await taken(queue, 1) == {("iris", "iris")}
