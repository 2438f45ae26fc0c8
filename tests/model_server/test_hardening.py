"""What a client may take of the server: connections, time, memory; and what an end without warning leaves."""

import asyncio
import json
import resource
import shutil
from collections import Counter
from pathlib import Path

import httpx
import pytest
from iris_model_server.protocols.openapi import FLOWER

from tests.model_server import artifacts, processes
from tests.model_server.conftest import TOKEN
from tests.model_server.connections import Connection, connect

pytestmark = pytest.mark.process

BODY = json.dumps(FLOWER).encode()
HEAD = (
    b"POST /api/v1/predict HTTP/1.1\r\nhost: iris\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
)
REQUEST = HEAD % len(BODY) + b"\r\n" + BODY


async def answers(connection: Connection, request: bytes, times: int) -> None:
    """Ask as often, each time for the whole answer."""
    reader, writer = connection
    for _ in range(times):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n"), head
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))


@pytest.mark.parametrize(
    ("sent", "variable", "value"),
    [
        (b"POST /api/v1/pre", "IRIS_HEAD_SECONDS", "0.2"),
        (REQUEST[:-5], "IRIS_BODY_SECONDS", "0.2"),
        (b"", "IRIS_KEEP_ALIVE_SECONDS", "1"),
    ],
    ids=["head", "body", "nothing at all"],
)
async def test_a_client_that_is_too_slow_is_disconnected(
    tmp_path: Path, sent: bytes, variable: str, value: str
) -> None:
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path, **{variable: value}) as server:
        reader, writer = await connect(server)
        writer.write(sent)
        async with asyncio.timeout(processes.DEADLINE):
            # The end of it: the server has closed the connection.
            received = await reader.read()
        writer.close()

    assert received.startswith(b"HTTP/1.1 408 ") if sent else received == b""


async def test_a_connection_that_was_opened_in_advance_outlives_the_time_for_a_head(tmp_path: Path) -> None:
    """Traefik keeps connections that it has not used yet; a request on one that closes becomes its 502."""
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path, IRIS_HEAD_SECONDS="0.2") as server:
        in_advance = await connect(server)
        reader, writer = await connect(server)
        writer.write(b"POST /api/v1/pre")
        async with asyncio.timeout(processes.DEADLINE):
            late = await reader.read()
        writer.close()

        await answers(in_advance, REQUEST, 1)
        in_advance[1].close()

    assert late.startswith(b"HTTP/1.1 408 ")


async def test_one_connection_too_many_is_refused_and_the_others_stay(tmp_path: Path) -> None:
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path, IRIS_MAX_CONNECTIONS="3") as server:
        first, *others = [await connect(server) for _ in range(3)]
        for connection in (first, *others):
            await answers(connection, REQUEST, 1)

        reader, writer = await connect(server)
        refused = await reader.read()
        writer.close()
        await answers(first, REQUEST, 1)
        for _, writer in (first, *others):
            writer.close()

    assert refused.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1" in refused.lower() or b"connections are open" in refused


async def test_ten_thousand_idle_connections_hurt_nobody(tmp_path: Path) -> None:
    # Each costs a file here and one in the server, which inherits the limit.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = max(soft, min(hard, 20_000))
    resource.setrlimit(resource.RLIMIT_NOFILE, (room, hard))
    count = min(10_000, room - 500)
    with processes.running(
        artifacts.write(tmp_path / "model"), tmp_path, IRIS_KEEP_ALIVE_SECONDS="600"
    ) as server:
        idle: list[Connection] = []
        try:
            while len(idle) < count:
                idle += await asyncio.gather(*(connect(server) for _ in range(min(200, count - len(idle)))))
            busy = await connect(server)
            await answers(busy, REQUEST, 1000)
            for connection in (idle[0], idle[-1], busy):
                await answers(connection, REQUEST, 1)
            busy[1].close()
        finally:
            for _, writer in idle:
                writer.close()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_memory_stays_flat(tmp_path: Path) -> None:
    """Over requests with a head that is known, with ids of their own, and with ever new heads."""
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path) as server:

        async def some(start: int) -> int:
            connection = await connect(server)
            await answers(connection, REQUEST, 3000)
            for number in range(start, start + 1000):
                own = HEAD % len(BODY) + b"x-request-id: r-%d\r\n\r\n" % number + BODY
                await answers(connection, own, 1)
                await answers(connection, REQUEST.replace(b"host: iris", b"host: h%d" % number), 1)
            connection[1].close()
            return server.resident()

        warm = await some(0)
        later = [await some(start) for start in range(1000, 4000, 1000)]

    assert max(later) - warm < 1_000_000


def test_an_end_without_warning_leaves_nothing(tmp_path: Path) -> None:
    folder = artifacts.write(tmp_path / "model")
    before = sorted(folder.iterdir())
    with processes.running(folder, tmp_path) as server:
        httpx.post(f"{server.url}/api/v1/predict", json=FLOWER)
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text()
        server.process.kill()
        server.ended()
        port = server.url.rpartition(":")[2]

    # The same port at once, the same folder, nothing beside it.
    with processes.running(folder, tmp_path, port=port) as again:
        assert httpx.get(f"{again.url}/readyz").status_code == 200
    assert children == ""
    assert sorted(folder.iterdir()) == before


async def test_a_reload_under_load_replaces_the_model_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = artifacts.write(tmp_path / "model")
    newer = artifacts.write(tmp_path / "newer", "1.5.0", created="2026-11-23T13:00:00Z")
    broken = artifacts.write(tmp_path / "broken", "1.6.0", created="2026-11-23T14:00:00Z", golden=[])
    seen: Counter[str] = Counter()
    with processes.running(folder, tmp_path, IRIS_RELOAD_TOKEN=TOKEN) as server:
        stop = asyncio.Event()

        async def ask() -> None:
            async with httpx.AsyncClient(base_url=server.url) as client:
                while not stop.is_set():
                    answer = await client.post("/api/v1/predict", json=FLOWER)
                    seen[f"{answer.status_code} {answer.json().get('model_version')}"] += 1

        clients = [asyncio.create_task(ask()) for _ in range(4)]
        statuses = []
        async with httpx.AsyncClient(
            base_url=server.url, headers={"authorization": f"Bearer {TOKEN}"}
        ) as client:
            for source in (broken, newer, broken):
                for file in source.iterdir():
                    shutil.copy(file, folder)
                statuses.append((await client.post("/api/v1/model/reload")).status_code)
                if source is broken:
                    for file in folder.glob("*1.6.0*"):
                        file.unlink()
                # The others ask meanwhile.
                for _ in range(20):
                    assert (await client.post("/api/v1/predict", json=FLOWER)).status_code == 200
        stop.set()
        await asyncio.gather(*clients)

    assert statuses == [409, 200, 409]
    assert set(seen) == {"200 1.4.0", "200 1.5.0"}
