"""Requests of one connection: none is read as part of another, none fills the memory."""

import asyncio
import json

import pytest

from tests.model_server import processes
from tests.model_server.connections import BODY, INFO, LIVE, answer_of, connect, exchange, post
from tests.model_server.processes import Running

pytestmark = pytest.mark.process

BATCH = json.dumps({"rows": [[5.1, 3.5, 1.4, 0.2]] * 300}).encode()


@pytest.mark.parametrize("protocol", ["h2c", "websocket", "foo", "TLS/1.0, foo"])
@pytest.mark.parametrize("is_split", [True, False], ids=["body apart", "one segment"])
async def test_an_unsupported_upgrade_does_not_change_how_a_request_is_read(
    either_path: Running, protocol: str, *, is_split: bool
) -> None:
    """The body was once read as the next request: what one client posted was answered as a request."""
    headers = ("connection: Upgrade, HTTP2-Settings", f"upgrade: {protocol}", "http2-settings: AAMAAABk")
    smuggled, flower = post(INFO, *headers), post(BODY, *headers)
    cut = len(smuggled) - len(INFO)
    segments = (smuggled[:cut], smuggled[cut:]) if is_split else (smuggled,)

    answers = await exchange(either_path, *segments, flower, count=2)

    assert [status for status, _ in answers] == [400, 200]
    assert answers[0][1]["type"].endswith("malformed-json")
    assert answers[1][1]["prediction_label"] == "setosa"


async def test_a_get_that_asks_for_another_protocol_is_answered(either_path: Running) -> None:
    ask = LIVE.replace(b"\r\n\r\n", b"\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")

    answers = await exchange(either_path, ask + ask + LIVE, count=3)

    assert [status for status, _ in answers] == [200, 200, 200]


@pytest.mark.parametrize("target", ["/api/v1/predict", "iris:80"])
async def test_a_tunnel_is_refused_and_its_bytes_are_no_request(either_path: Running, target: str) -> None:
    answers = await exchange(either_path, post(BODY, path=target, method="CONNECT"), INFO, count=2)

    assert [status for status, _ in answers] == [400]


async def test_pipelined_requests_take_no_more_memory_than_one_read(either_path: Running) -> None:
    ask = post(BATCH, path="/api/v1/predict/batch")
    reader, writer = await connect(either_path)
    count, before = 2000, either_path.resident()

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
            most = max(most, either_path.resident())
        await sending
    writer.close()

    assert most - before < 20_000_000


async def test_a_client_that_reads_no_answer_takes_no_more_memory_than_one_read(either_path: Running) -> None:
    ask = post(BATCH, path="/api/v1/predict/batch")
    _, writer = await connect(either_path)
    before = either_path.resident()

    async def send() -> None:
        while True:
            writer.write(ask)
            await writer.drain()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(send(), 3.0)
    most = either_path.resident()
    writer.transport.abort()

    assert most - before < 20_000_000


async def test_twenty_thousand_requests_in_one_send_are_all_answered(either_path: Running) -> None:
    """Their heads were once counted as one, and refused as too large."""
    answers = await exchange(either_path, LIVE * 20_000, count=20_000)

    assert [status for status, _ in answers] == [200] * 20_000


async def test_a_target_without_a_path_means_the_root(either_path: Running) -> None:
    root = b"GET http://iris HTTP/1.1\r\nhost: iris\r\naccept: text/html\r\n\r\n"

    answers = await exchange(either_path, LIVE + root + LIVE, count=3)

    assert [status for status, _ in answers] == [200, 200, 200]


async def test_a_refusal_comes_behind_the_answers_to_what_was_asked_before(either_path: Running) -> None:
    answers = await exchange(either_path, LIVE * 3 + b"GET // HTTP/1.1\x01\r\n\r\n", count=9)

    assert [status for status, _ in answers] == [200, 200, 200, 400]
