"""How the command ends: it drains, finishes what it has begun, and loses no request."""

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Awaitable
from pathlib import Path

import httpx
import pytest
from iris_model_server.protocols.openapi import FLOWER

from tests.model_server import artifacts, connections, processes
from tests.model_server.connections import BODY
from tests.model_server.processes import Running

pytestmark = pytest.mark.process

HEAD = (
    "POST /api/v1/predict HTTP/1.1\r\nhost: iris\r\n"
    f"content-type: application/json\r\ncontent-length: {len(BODY)}\r\n"
).encode()
WARM = 500


class Router:
    """What a load balancer does: it opens connections only while the server says it is ready."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.open = True
        self.warm = asyncio.Event()
        self.several: Counter[object] = Counter()
        self.answered_while_draining = 0

    async def watch(self) -> None:
        async with httpx.AsyncClient() as client:
            while self.open:
                try:
                    self.open = (await client.get(f"{self.server.url}/readyz")).status_code == 200
                except httpx.TransportError:
                    self.open = False

    async def connect(self) -> None:
        """One kept connection after the other; each is used until the server asks to leave it."""
        while self.open:
            async with connections.opened(self.server) as (reader, writer):
                asked_to_leave = False
                while not asked_to_leave:
                    asked_to_leave = await self._ask(reader, writer)

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        try:
            writer.write(HEAD + b"\r\n" + BODY)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(answer.partition("content-length: ")[2].partition("\r\n")[0])
            await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.several[type(error).__name__] += 1
            return True
        self.several[answer.split()[1]] += 1
        if self.several.total() == WARM:
            self.warm.set()
        leave = "connection: close" in answer
        self.answered_while_draining += leave
        return leave


async def test_sigterm_under_load_loses_no_request(tmp_path: Path) -> None:
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path, IRIS_DRAIN_SECONDS="0.5") as server:
        router = Router(server)
        clients = [asyncio.create_task(router.connect()) for _ in range(16)]
        watch = asyncio.create_task(router.watch())
        async with asyncio.timeout(processes.DEADLINE):
            await router.warm.wait()

            server.process.send_signal(signal.SIGTERM)
            await asyncio.gather(watch, *clients)

        code = await asyncio.to_thread(server.ended)

    assert code == 0
    assert set(router.several) == {"200"}
    assert router.answered_while_draining >= 16


async def test_a_draining_server_serves_the_requests_that_still_come(tmp_path: Path) -> None:
    """Routing that notices late: a proxy that knows of no better server than the one about to stop."""
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path, IRIS_DRAIN_SECONDS="0.5") as server:
        async with asyncio.timeout(processes.DEADLINE), httpx.AsyncClient(base_url=server.url) as client:
            await client.post("/api/v1/predict", json=FLOWER)
            server.process.send_signal(signal.SIGTERM)
            until = asyncio.get_running_loop().time() + 2.0
            while asyncio.get_running_loop().time() < until:
                answer = await client.post("/api/v1/predict", json=FLOWER)
                assert answer.status_code == 200

            # A probe is nobody's request: it keeps no server alive.
            while await _is_answered(client.get("/readyz")):
                pass
        code = await asyncio.to_thread(server.ended)

    assert code == 0


async def test_an_endless_client_delays_the_shutdown_only_to_the_limit(tmp_path: Path) -> None:
    limits = {"IRIS_DRAIN_SECONDS": "0.5", "IRIS_DRAIN_LIMIT_SECONDS": "1"}
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path, **limits) as server:
        async with asyncio.timeout(processes.DEADLINE), httpx.AsyncClient(base_url=server.url) as client:
            server.process.send_signal(signal.SIGTERM)
            while await _is_answered(client.post("/api/v1/predict", json=FLOWER)):
                pass
        code = await asyncio.to_thread(server.ended)

    assert code == 0


async def _is_answered(asked: Awaitable[httpx.Response]) -> bool:
    try:
        await asked
    except httpx.TransportError:
        return False
    return True


async def test_a_request_in_flight_is_finished_after_the_listener_closed(tmp_path: Path) -> None:
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path, IRIS_DRAIN_SECONDS="0") as server:
        async with asyncio.timeout(processes.DEADLINE), connections.opened(server) as (reader, writer):
            writer.write(HEAD + b"expect: 100-continue\r\n\r\n")
            assert b"100" in await reader.readline()
            server.process.send_signal(signal.SIGTERM)
            await _closed(server)

            writer.write(BODY)
            answer = await reader.read()

        assert b"HTTP/1.1 200 OK" in answer
        assert await asyncio.to_thread(server.ended) == 0


async def test_a_request_that_never_ends_is_told_so_when_time_is_over(tmp_path: Path) -> None:
    with processes.running(
        artifacts.write(tmp_path / "model"), tmp_path, IRIS_SHUTDOWN_SECONDS="1"
    ) as server:
        async with asyncio.timeout(processes.DEADLINE), connections.opened(server) as (reader, writer):
            writer.write(HEAD + b"expect: 100-continue\r\n\r\n")
            assert b"100" in await reader.readline()
            server.process.send_signal(signal.SIGINT)
            answer = await reader.read()

        assert b"HTTP/1.1 503 Service Unavailable" in answer
        assert b"shutting down: the request did not finish in time" in answer
        assert await asyncio.to_thread(server.ended) == 0
    assert "Traceback" not in server.log.read_text()


async def _closed(server: Running) -> None:
    """Returns when nobody listens any more."""
    with contextlib.suppress(OSError):
        while True:
            async with connections.opened(server):
                pass


async def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path) as server:
        async with asyncio.timeout(processes.DEADLINE), connections.opened(server) as (reader, writer):
            # A request that never ends would hold a graceful stop for 20 seconds.
            writer.write(HEAD + b"expect: 100-continue\r\n\r\n")
            assert b"100" in await reader.readline()
            server.process.send_signal(signal.SIGINT)
            await _closed(server)

            server.process.send_signal(signal.SIGINT)
            code = await asyncio.to_thread(server.process.wait, 5)

    assert code == 130
