"""Watches on a clock that jumps: nothing is missed, whatever ends them, and nobody is asked too often."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from iris_api import kinds
from iris_operator import errors
from iris_operator.children import metadata
from iris_operator.observe.store import Store
from iris_operator.runtime import watch
from iris_operator.runtime.queue import Queue
from iris_operator.runtime.resync import Scope

from tests.fakes.cluster import Call, FakeCluster
from tests.harness import virtual_time
from tests.operator import bodies

OURS = {"app.kubernetes.io/managed-by": "iris-operator", "app.kubernetes.io/instance": "iris"}
IRIS = ("iris", "iris")


@dataclass(slots=True)
class Stage:
    """A cluster, and what is known of it."""

    cluster: FakeCluster = field(default_factory=FakeCluster)
    store: Store = field(default_factory=Store)
    queue: Queue = field(default_factory=lambda: Queue(lambda: 0.5))

    def service(self, name: str = "iris", namespace: str = "iris") -> dict[str, Any]:
        return self.cluster.put(
            kinds.SERVICE, {"metadata": {"name": name, "namespace": namespace, "labels": OURS}}
        )

    def known(self) -> set[str]:
        return {name for kind, name in self.store.snapshot(IRIS).children if kind == kinds.SERVICE}

    def asked(self, verb: str) -> list[str | None]:
        return [call.name for call in self.cluster.calls if call.verb == verb]

    async def next_key(self) -> tuple[str, str]:
        return await asyncio.wait_for(self.queue.take(), 60)


def play(scenario: Callable[[Stage], Awaitable[None]], kind: kinds.Kind = kinds.SERVICE) -> None:
    """The scenario, while a watch of this kind runs that knows nothing yet."""

    async def both() -> None:
        stage = Stage()
        scope = Scope(kind, metadata.OURS_SELECTOR, None)
        following = asyncio.create_task(
            watch.follow(stage.cluster, stage.store, stage.queue, scope, version=0, jitter=lambda: 0.5)
        )
        try:
            await scenario(stage)
            assert not following.done()
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    virtual_time.run(both())


def test_a_watch_reports_existing_objects_and_every_change() -> None:
    async def scenario(stage: Stage) -> None:
        first = stage.service("first")
        assert await stage.next_key() == IRIS
        stage.queue.done(IRIS)

        stage.service("second")
        assert await stage.next_key() == IRIS
        assert stage.known() == {"first", "second"}
        stage.queue.done(IRIS)

        stage.cluster.take(kinds.SERVICE, first)
        assert await stage.next_key() == IRIS
        assert stage.known() == {"second"}

    play(scenario)


def test_a_watch_goes_on_where_it_ended_without_a_list() -> None:
    async def scenario(stage: Stage) -> None:
        await asyncio.sleep(1)
        stage.service("first")
        await asyncio.sleep(1)
        stage.cluster.end_watches()
        stage.service("second")
        await asyncio.sleep(20)

        assert stage.known() == {"first", "second"}
        assert len(stage.asked("list")) == 1
        assert len(stage.asked("watch")) == 2

    play(scenario)


def test_a_bookmark_says_from_where_on_to_go_on() -> None:
    async def scenario(stage: Stage) -> None:
        await asyncio.sleep(1)
        version = stage.cluster.bookmark(kinds.SERVICE)
        await asyncio.sleep(1)
        stage.cluster.end_watches()
        await asyncio.sleep(20)

        assert stage.asked("watch")[-1] == str(version)

    play(scenario)


def test_a_deletion_in_a_forgotten_gap_is_found() -> None:
    async def scenario(stage: Stage) -> None:
        gone, stays = stage.service("gone"), stage.service("stays")
        await asyncio.sleep(1)
        assert stage.known() == {"gone", "stays"}

        stage.cluster.end_watches()
        stage.cluster.take(kinds.SERVICE, gone)
        stage.cluster.forget()
        await asyncio.sleep(20)
        stage.cluster.put(kinds.SERVICE, {**stays, "spec": {"later": True}})
        await asyncio.sleep(1)

        assert stage.known() == {"stays"}
        assert stage.store.snapshot(IRIS).children[kinds.SERVICE, "stays"]["spec"] == {"later": True}
        assert len(stage.asked("list")) == 2

    play(scenario)


def test_while_nobody_answers_it_asks_every_ten_seconds_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scenario(stage: Stage) -> None:
        async def silent(_: Call) -> None:
            raise errors.ClusterError(0, "no answer: refused")

        await asyncio.sleep(1)
        stage.cluster.before, answering = silent, stage.cluster.before
        stage.cluster.end_watches()
        stage.service("meanwhile")
        await asyncio.sleep(600)
        tries = len(stage.asked("watch"))
        stage.cluster.before = answering
        await asyncio.sleep(10)

        assert 60 <= tries <= 90
        assert stage.known() == {"meanwhile"}
        assert len(stage.asked("list")) == 1

    play(scenario)
    assert [record.getMessage() for record in caplog.records] == [
        "watch of services: no answer: refused; trying again"
    ]


def test_an_api_that_comes_later_is_noticed_and_every_model_looked_at() -> None:
    async def scenario(stage: Stage) -> None:
        async def missing(call: Call) -> None:
            if call.kind == kinds.SERVICE_MONITOR:
                raise errors.ClusterError(404, "404 page not found")

        stage.store.observe(kinds.IRIS_MODEL, bodies.body("iris"))
        stage.cluster.before, present = missing, stage.cluster.before
        await asyncio.sleep(100)
        absent, tries = stage.store.absent, len(stage.asked("list"))
        stage.cluster.before = present

        assert await stage.next_key() == IRIS
        assert absent == {kinds.SERVICE_MONITOR}
        assert not stage.store.absent
        assert 3 <= tries <= 5

    play(scenario, kinds.SERVICE_MONITOR)


def test_an_api_that_goes_is_missed_and_its_objects_are_forgotten() -> None:
    async def scenario(stage: Stage) -> None:
        async def missing(_: Call) -> None:
            raise errors.ClusterError(404, "404 page not found")

        body = {"metadata": {"name": "iris", "namespace": "iris", "labels": OURS}}
        stage.cluster.put(kinds.SERVICE_MONITOR, body)
        assert await stage.next_key() == IRIS
        stage.queue.done(IRIS)

        stage.cluster.before = missing
        stage.cluster.end_watches()

        assert await stage.next_key() == IRIS
        assert stage.store.absent == {kinds.SERVICE_MONITOR}
        assert stage.store.snapshot(IRIS).children == {}

    play(scenario, kinds.SERVICE_MONITOR)
