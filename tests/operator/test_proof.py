"""Asking pods over HTTP which version they serve, against a real server on loopback."""

import dataclasses
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web
from iris_operator.observe import proof
from iris_operator.observe.proof import Proof, Prover
from iris_operator.observe.workload import Pod

from tests.harness import web_server

ADDRESS = "127.0.77.1"  # of this test alone: pods are always asked on port 8000
DIGEST = "sha256:" + "d" * 64


class ModelServer:
    """One pod's HTTP server, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        self.body = json.dumps({"name": "iris", "version": "1.4.0", "digest": DIGEST, "features": []})
        self.headers: Mapping[str, str] = {}

    def serves(self, **changes: Any) -> None:
        self.body = json.dumps({**json.loads(self.body), **changes})

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        return web.Response(status=self.status, text=self.body, headers=self.headers)


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    known = ModelServer()
    app = web.Application()
    app.router.add_get("/{path:.*}", known.answer)
    async with web_server.serving(app, ADDRESS, 8000):
        yield known


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def prover(clock: Clock) -> AsyncIterator[Prover]:
    async with Prover(clock) as known:
        yield known


def pod(*, uid: str = "u", container: str = "c1", ready: bool = True, address: str | None = ADDRESS) -> Pod:
    return Pod("iris-a", uid, address, container, True, ready, None, 0, None, "", "", None, "")


async def ask(prover: Prover, asked: Pod, model: str = "iris") -> Proof:
    return (await prover.prove([asked], model, "1.4.0"))[asked.uid]


async def test_the_prover_takes_the_version_from_the_pods_answer(server: ModelServer, prover: Prover) -> None:
    assert await ask(prover, pod()) == Proof("1.4.0", DIGEST)
    assert server.asked == ["/api/v1/model/info"]


@pytest.mark.parametrize(("changes", "expected"), [({}, ""), ({"pickle": "Deny"}, "Deny")])
async def test_the_prover_reads_what_a_server_does_with_pickles(
    server: ModelServer, prover: Prover, changes: dict[str, str], expected: str
) -> None:
    """A server of a former release does not say it."""
    server.serves(**changes)

    assert (await ask(prover, pod())).pickle == expected


@pytest.mark.parametrize("silent", [pod(ready=False), pod(address=None)], ids=["not ready", "no address yet"])
async def test_the_prover_asks_no_pod_that_cannot_answer(
    server: ModelServer, prover: Prover, silent: Pod
) -> None:
    assert await prover.prove([silent], "iris", "1.4.0") == {}
    assert server.asked == []


@pytest.mark.parametrize(
    ("next_pod", "seconds", "times"),
    [
        (pod(), 299.9, 1),
        (pod(), 300.0, 2),
        (pod(container="c2"), 0.0, 2),
        (pod(uid="another"), 0.0, 2),
    ],
    ids=["the same container", "five minutes later", "a restart", "another pod"],
)
async def test_the_prover_asks_again_only_when_the_answer_may_have_changed(
    server: ModelServer, prover: Prover, clock: Clock, next_pod: Pod, seconds: float, times: int
) -> None:
    await ask(prover, pod())
    clock.seconds += seconds

    await ask(prover, next_pod)

    assert len(server.asked) == times


async def test_the_prover_sees_a_reload_at_the_next_asking(
    server: ModelServer, prover: Prover, clock: Clock
) -> None:
    await ask(prover, pod())
    server.serves(version="1.5.0")
    clock.seconds += proof.RETAKE_SECONDS

    assert (await ask(prover, pod())).version == "1.5.0"


@pytest.mark.parametrize(("seconds", "version"), [(9.9, "1.3.0"), (10.0, "1.4.0")])
async def test_the_prover_doubts_soon_what_is_not_the_declared_version(
    server: ModelServer, prover: Prover, clock: Clock, seconds: float, version: str
) -> None:
    """A wrong version was believed for five minutes, although a reload had put it right."""
    server.serves(version="1.3.0")
    await ask(prover, pod())
    server.serves(version="1.4.0")
    clock.seconds += seconds

    assert (await ask(prover, pod())).version == version


async def test_the_prover_believes_pods_of_the_version_before_for_as_long_as_any(
    server: ModelServer, prover: Prover, clock: Clock
) -> None:
    server.serves(version="1.3.0")
    old = dataclasses.replace(pod(), newest=False)
    await ask(prover, old)
    clock.seconds += proof.RETAKE_SECONDS - 0.1

    await ask(prover, old)

    assert len(server.asked) == 1


async def test_the_prover_asks_again_at_once_after_no_proof(server: ModelServer, prover: Prover) -> None:
    server.status = 503
    assert (await ask(prover, pod())).failure

    server.status = 200

    assert await ask(prover, pod()) == Proof("1.4.0", DIGEST)


async def test_the_prover_asks_again_once_told_that_the_pod_is_gone(
    server: ModelServer, prover: Prover
) -> None:
    await ask(prover, pod())
    prover.forget(["u", "never seen"])

    await ask(prover, pod())

    assert len(server.asked) == 2


async def test_the_prover_keeps_no_answer_of_pods_that_are_long_gone(
    server: ModelServer, prover: Prover, clock: Clock
) -> None:
    """Each roll-out brings new pods: without this the memory would grow for ever."""
    for number in range(50):
        await ask(prover, pod(uid=f"pod-{number}"))
        clock.seconds += 60

    assert len(prover._taken) <= 6
    assert len(server.asked) == 50


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (404, "", "found 404, expected 200"),
        (503, "", "found 503, expected 200"),
        (302, "", "found 302, expected 200"),
        (200, "", "found no name, version and digest in the answer"),
        (200, "<html>", "found no name, version and digest in the answer"),
        (200, "[]", "found no name, version and digest in the answer"),
        (200, '"iris"', "found no name, version and digest in the answer"),
        (200, '{"name": "iris"}', "found no name, version and digest in the answer"),
        (200, "[" * 60_000, "found no name, version and digest in the answer"),
        (200, '{"name": "' + "x" * 70_000 + '"}', "found more than 65536 bytes"),
    ],
    ids=["404", "503", "redirect", "empty", "html", "list", "text", "half", "deep", "too large"],
)
async def test_the_prover_takes_nothing_else_for_a_proof(
    server: ModelServer, prover: Prover, status: int, body: str, failure: str
) -> None:
    server.status, server.body = status, body
    server.headers = {"Location": "/elsewhere"} if status == 302 else {}

    found = await ask(prover, pod())

    assert found == Proof(failure=f"pod iris-a: GET /api/v1/model/info: {failure}")
    assert server.asked == ["/api/v1/model/info"]


async def test_the_prover_takes_no_proof_of_another_model(server: ModelServer, prover: Prover) -> None:
    found = await ask(prover, pod(), model="roses")

    assert found == Proof(failure="pod iris-a: answers for model 'iris', expected 'roses'")
    assert len(server.asked) == 1


async def test_the_prover_reports_that_nothing_listens(prover: Prover) -> None:
    found = await ask(prover, pod(address="127.0.77.2"))

    assert found.failure.startswith("pod iris-a: GET /api/v1/model/info: ")
    assert "127.0.77.2" in found.failure


async def test_the_prover_asks_a_pod_by_its_ipv6_address(prover: Prover) -> None:
    found = await ask(prover, pod(address="::1"))

    assert "InvalidURL" not in found.failure
    assert "::1" in found.failure
