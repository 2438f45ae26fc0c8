"""Raw requests with what RFC 9110 and RFC 9112 demand of their answers, on both paths."""

import asyncio
import json
import socket
from pathlib import Path

import pytest

from tests.model_server import artifacts, connections, processes
from tests.model_server.connections import BODY, LIVE, connect, exchange, message, post
from tests.model_server.processes import Running
from tests.model_server.wire_table import BY_THE_BOOK, CHUNKED, CHUNKS, HOST, JSON, LAST, PREDICT

pytestmark = pytest.mark.process


@pytest.mark.parametrize(
    ("request_bytes", "statuses"),
    BY_THE_BOOK,
)
@pytest.mark.parametrize("is_split", [False, True], ids=["at once", "byte by byte"])
async def test_a_request_is_answered_by_the_book(
    either_path: Running, request_bytes: bytes, statuses: list[int], *, is_split: bool
) -> None:
    """Followed by a good request, which is answered where the connection may stay open."""
    writes = [bytes([byte]) for byte in request_bytes] if is_split else [request_bytes]

    answers = await exchange(either_path, *writes, LAST, count=3, apart=not is_split)

    assert [status for status, _ in answers] == statuses


async def test_a_request_id_in_a_trailer_is_not_adopted(either_path: Running) -> None:
    late = message(PREDICT, HOST, JSON, CHUNKED, body=CHUNKS + b"x-request-id: late\r\n\r\n")

    ((_, answer),) = await exchange(either_path, late, count=1)

    assert answer["request_id"] != "late"


async def test_a_coded_body_is_refused_with_the_name_of_its_coding(either_path: Running) -> None:
    ((_, answer),) = await exchange(either_path, post(BODY, "content-encoding: br"), count=1)

    assert answer["detail"] == "content-encoding: br, expected gzip, deflate"


@pytest.mark.parametrize(
    "piece",
    [b"a: b\r\n", b"x" * 1000, b"%x;%b\r\n" % (len(BODY), b"e" * 1000)],
    ids=["many trailers", "one long trailer", "a long chunk extension"],
)
async def test_what_is_no_body_between_and_behind_chunks_is_limited(
    either_path: Running, piece: bytes
) -> None:
    chunk = CHUNKS.removesuffix(b"0\r\n") if b";" in piece else CHUNKS
    start = message(PREDICT, HOST, JSON, CHUNKED, body=chunk)
    long = piece.replace(b"\r\n", b"") * 5000 if b";" in piece else piece * 1_000_000
    before = either_path.resident()

    answers = await exchange(either_path, start, long[:40_000_000], count=2, apart=False)

    assert [status for status, _ in answers] == [431]
    assert either_path.resident() - before < 20_000_000


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/livez", "/metrics", "/openapi.json", "/v2", "/v1/models", "/none"]
)
async def test_head_is_answered_as_get_without_its_body(either_path: Running, path: str) -> None:
    heads = []
    for method in ("GET", "HEAD"):
        reader, writer = await connect(either_path)
        writer.write(message(f"{method} {path} HTTP/1.1", HOST, "connection: close", body=b""))
        async with asyncio.timeout(processes.DEADLINE):
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        assert bool(body) == (method == "GET")
        heads.append([line.partition(b":")[0] for line in head.splitlines()])

    assert heads[0] == heads[1]
    assert b" 405 " not in heads[1][0]


async def everything(server: Running, asks: bytes) -> bytes:
    """The answers to a client that has closed its sending half."""
    async with asyncio.timeout(processes.DEADLINE), connections.opened(server) as (reader, writer):
        writer.write(asks)
        writer.write_eof()
        return await reader.read()


async def test_a_client_that_has_said_all_gets_every_answer(either_path: Running) -> None:
    """It closes its sending half; what it asked before is answered, then the connection ends."""
    rows = b'{"rows": [' + b",".join([b"[5.1, 3.5, 1.4, 0.2]"] * 50_000) + b"]}"
    for asks in (LIVE * 3, post(BODY) * 3, post(rows, path="/api/v1/predict/batch") + LIVE * 2):
        received = await everything(either_path, asks)

        assert received.count(b"HTTP/1.1 200 OK\r\n") == 3


async def test_half_a_request_before_the_end_is_no_request(either_path: Running) -> None:
    for asks in (LIVE + LIVE[:-5], post(BODY) + post(BODY)[:-5]):
        received = await everything(either_path, asks)

        assert received.count(b"HTTP/1.1 200 OK\r\n") == 1


@pytest.mark.parametrize(
    "head",
    [
        message("POST /api/v1/predict HTTP/1.1", JSON, "content-length: 9000000", body=b""),
        message("POST /none HTTP/1.1", HOST, "connection: close", "content-length: 9000000", body=b""),
    ],
    ids=["refused by the protocol", "refused by a route"],
)
async def test_a_refusal_reaches_a_client_that_still_sends(either_path: Running, head: bytes) -> None:
    """A close with unread bytes becomes a reset, which takes the answer from the client (RFC 9112 9.6)."""
    reader, writer = await connect(either_path)
    writer.write(head)
    async with asyncio.timeout(processes.DEADLINE):
        for _ in range(9):
            writer.write(b"x" * 1_000_000)
            await writer.drain()
        received = await reader.read()
    writer.close()

    assert received.startswith(b"HTTP/1.1 4")
    assert received.endswith(b"}")


@pytest.mark.parametrize("path", ["Auto", "Off"])
async def test_a_client_that_never_takes_its_answer_is_sent_away(tmp_path: Path, path: str) -> None:
    ask = post(json.dumps({"rows": [[5.1, 3.5, 1.4, 0.2]] * 20_000}).encode(), path="/api/v1/predict/batch")
    variables = {"IRIS_BODY_SECONDS": "0.5", "IRIS_HEAD_SECONDS": "0.1", "IRIS_KEEP_ALIVE_SECONDS": "1"}
    variables["IRIS_FAST_PATH"] = path
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path, **variables) as server:
        host, _, port = server.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=processes.DEADLINE) as client:
            client.sendall(ask * 5)

            def gone() -> bool | None:
                try:
                    client.send(b"\r\n")
                except ConnectionError:
                    return True
                return None

            assert processes.until(gone)


@pytest.mark.parametrize("path", ["Auto", "Off"])
async def test_half_a_head_behind_a_long_answer_is_sent_away(tmp_path: Path, path: str) -> None:
    rows = json.dumps({"rows": [[5.1, 3.5, 1.4, 0.2]] * 60_000}).encode()
    variables = {"IRIS_HEAD_SECONDS": "0.02", "IRIS_FAST_PATH": path}
    with processes.running(artifacts.write(tmp_path / "model"), tmp_path, **variables) as server:
        reader, writer = await connect(server)
        writer.write(post(rows, path="/api/v1/predict/batch") + LIVE[:9])
        async with asyncio.timeout(processes.DEADLINE):
            received = await reader.read()
        writer.close()

    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"HTTP/1.1 408 " in received
