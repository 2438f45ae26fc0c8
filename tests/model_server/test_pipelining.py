"""Requests of one connection: none is read as part of another, none fills the memory."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from iris_model_server.protocols.openapi import FLOWER

from tests.model_server import artifacts, processes
from tests.model_server.processes import Running
from tests.model_server.test_hardening import connect, resident

pytestmark = pytest.mark.process

BODY = json.dumps(FLOWER).encode()
BATCH = json.dumps({"rows": [[5.1, 3.5, 1.4, 0.2]] * 300}).encode()
INFO = b"GET /api/v1/model/info HTTP/1.1\r\nhost: iris\r\n\r\n"
LIVE = b"GET /livez HTTP/1.1\r\nhost: iris\r\n\r\n"


@pytest.fixture(scope="module", params=["Auto", "Off"], ids=["fast path", "reference path"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    scratch = tmp_path_factory.mktemp("server")
    folder = artifacts.write(scratch / "model")
    with processes.running(folder, scratch, IRIS_FAST_PATH=request.param) as running:
        yield running


def post(body: bytes, *headers: str, path: str = "/api/v1/predict", method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: iris", "content-type: application/json"]
    lines += [f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def exchange(server: Running, *segments: bytes, count: int) -> list[tuple[int, Any]]:
    """The answers to what is sent in these segments, up to `count` of them or the end of the connection."""
    reader, writer = await connect(server)
    found = []
    async with asyncio.timeout(processes.DEADLINE):
        for segment in segments:
            writer.write(segment)
            await writer.drain()
            if segment is not segments[-1]:
                # Answered on another connection, so the server's loop has read this segment by itself.
                await exchange(server, LIVE, count=1)
        for _ in range(count):
            answer = await answer_of(reader)
            if answer is None:
                break
            found.append(answer)
    writer.close()
    return found


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, Any] | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return None
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    content = await reader.readexactly(length)
    return int(head.split()[1]), json.loads(content) if content[:1] == b"{" else content


@pytest.mark.parametrize("protocol", ["h2c", "websocket", "foo", "TLS/1.0, foo"])
@pytest.mark.parametrize("is_split", [True, False], ids=["body apart", "one segment"])
async def test_a_wish_for_another_protocol_changes_nothing_of_a_request(
    server: Running, protocol: str, *, is_split: bool
) -> None:
    """The body was once read as the next request: what one client posted was answered as a request."""
    headers = ("connection: Upgrade, HTTP2-Settings", f"upgrade: {protocol}", "http2-settings: AAMAAABk")
    smuggled, flower = post(INFO, *headers), post(BODY, *headers)
    cut = len(smuggled) - len(INFO)
    segments = (smuggled[:cut], smuggled[cut:]) if is_split else (smuggled,)

    answers = await exchange(server, *segments, flower, count=2)

    assert [status for status, _ in answers] == [400, 200]
    assert answers[0][1]["type"].endswith("malformed-json")
    assert answers[1][1]["prediction_label"] == "setosa"


async def test_a_get_that_asks_for_another_protocol_is_answered(server: Running) -> None:
    ask = LIVE.replace(b"\r\n\r\n", b"\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")

    answers = await exchange(server, ask + ask + LIVE, count=3)

    assert [status for status, _ in answers] == [200, 200, 200]


@pytest.mark.parametrize("target", ["/api/v1/predict", "iris:80"])
async def test_a_tunnel_is_refused_and_its_bytes_are_no_request(server: Running, target: str) -> None:
    answers = await exchange(server, post(BODY, path=target, method="CONNECT"), INFO, count=2)

    assert [status for status, _ in answers] == [400]


async def test_pipelined_requests_take_no_more_memory_than_one_read(server: Running) -> None:
    ask = post(BATCH, path="/api/v1/predict/batch")
    reader, writer = await connect(server)
    count, before = 2000, resident(server)

    async def send() -> None:
        for _ in range(count):
            writer.write(ask)
            await writer.drain()

    sending = asyncio.create_task(send())
    most = 0
    async with asyncio.timeout(processes.DEADLINE):
        for _ in range(count):
            answer = await answer_of(reader)
            assert answer is not None
            assert answer[0] == 200
            most = max(most, resident(server))
        await sending
    writer.close()

    assert most - before < 20_000_000


async def test_a_client_that_reads_no_answer_takes_no_more_memory_than_one_read(server: Running) -> None:
    ask = post(BATCH, path="/api/v1/predict/batch")
    _, writer = await connect(server)
    before = resident(server)

    async def send() -> None:
        while True:
            writer.write(ask)
            await writer.drain()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(send(), 3.0)
    most = resident(server)
    writer.transport.abort()

    assert most - before < 20_000_000


async def test_twenty_thousand_requests_in_one_send_are_all_answered(server: Running) -> None:
    """Their heads were once counted as one, and refused as too large."""
    answers = await exchange(server, LIVE * 20_000, count=20_000)

    assert [status for status, _ in answers] == [200] * 20_000


async def test_a_target_without_a_path_means_the_root(server: Running) -> None:
    root = b"GET http://iris HTTP/1.1\r\nhost: iris\r\naccept: text/html\r\n\r\n"

    answers = await exchange(server, LIVE + root + LIVE, count=3)

    assert [status for status, _ in answers] == [200, 200, 200]


async def test_a_refusal_comes_behind_the_answers_to_what_was_asked_before(server: Running) -> None:
    answers = await exchange(server, LIVE * 3 + b"GET // HTTP/1.1\x01\r\n\r\n", count=9)

    assert [status for status, _ in answers] == [200, 200, 200, 400]
