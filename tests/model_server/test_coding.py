"""Content codings: bodies in gzip or deflate, large answers in gzip, memory within the limit."""

import asyncio
import gzip
import importlib
import json
import tracemalloc
import zlib
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_model_server import app, errors
from iris_model_server.app import Server
from iris_model_server.errors import Problem
from iris_model_server.settings import Settings
from iris_model_server.wire import coding
from iris_model_server.wire.coding import Decoder

from tests.model_server import processes
from tests.model_server.conftest import connected
from tests.model_server.connections import connect, post
from tests.model_server.processes import Running
from tests.model_server.v2_requests import INFER, asked

BATCH = "/api/v1/predict/batch"
BODY = json.dumps({"rows": [[5.1, 3.5, 1.4, 0.2]] * 3}).encode()
JSON = {"content-type": "application/json"}


def decoded(content: bytes, name: str, cuts: int = 1, most: int = 1_000_000) -> bytes:
    decoder = Decoder(name.encode(), most)
    size = max(1, -(-len(content) // cuts))
    parts = [content[start : start + size] for start in range(0, len(content), size)] or [b""]
    return b"".join(
        step
        for number, part in enumerate(parts, start=1)
        for step in decoder.steps(part, is_last=number == len(parts))
    )


@given(content=st.binary(max_size=2000), times=st.integers(1, 400), cuts=st.integers(1, 50))
def test_a_decoder_repeats_what_was_coded(content: bytes, times: int, cuts: int) -> None:
    whole = content * times

    assert decoded(gzip.compress(whole), "gzip", cuts) == whole
    assert decoded(zlib.compress(whole), "deflate", cuts) == whole


@given(content=st.binary(max_size=300) | st.just(gzip.compress(BODY)).map(lambda good: good[:-3]))
def test_bytes_in_no_coding_are_refused(content: bytes) -> None:
    with pytest.raises(Problem) as refused:
        decoded(content, "gzip")

    assert refused.value.kind is errors.BODY_CODING


def test_a_bomb_takes_no_more_memory_than_the_limit() -> None:
    bomb = gzip.compress(bytes(300_000_000), compresslevel=1)
    tracemalloc.start()

    with pytest.raises(Problem) as refused:
        decoded(bomb, "gzip", most=2_000_000)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.kind is errors.TOO_LARGE
    assert peak < 8_000_000


@pytest.mark.parametrize(("name", "compress"), [("gzip", gzip.compress), ("Deflate", zlib.compress)])
@pytest.mark.parametrize("path", [BATCH, INFER])
async def test_a_coded_body_means_the_same(
    client: httpx.AsyncClient, name: str, compress: Any, path: str
) -> None:
    body = BODY if path == BATCH else json.dumps(asked()).encode()
    plain = await client.post(path, content=body, headers=JSON | {"x-request-id": "one"})

    answer = await client.post(
        path, content=compress(body), headers=JSON | {"content-encoding": name, "x-request-id": "one"}
    )

    assert (answer.status_code, answer.content) == (200, plain.content)


@pytest.mark.parametrize("around", [(), ("identity",), ("Identity", "identity")])
async def test_identity_beside_a_coding_changes_nothing(
    client: httpx.AsyncClient, around: tuple[str, ...]
) -> None:
    codings = [("content-encoding", name) for name in (*around, "gzip", *around)]

    answer = await client.post(BATCH, content=gzip.compress(BODY), headers=[*JSON.items(), *codings])

    assert answer.status_code == 200


REFUSED: dict[str, tuple[str, bytes, int, str]] = {
    "another coding": ("br", BODY, 415, "content-encoding: br, expected gzip, deflate"),
    "plain": ("gzip", BODY, 400, "body in gzip: "),
    "empty": ("gzip", b"", 400, "body in gzip: ends too early, expected all of it"),
    "truncated": ("gzip", gzip.compress(BODY)[:-1], 400, "body in gzip: ends too early, expected all of it"),
    "too long": ("gzip", gzip.compress(BODY) + b"x", 400, "body in gzip: bytes after its end, expected not"),
    "bomb": ("gzip", gzip.compress(bytes(300_000)), 413, "body: more when decoded, expected at most 200000"),
}


@pytest.mark.parametrize(("name", "content", "status", "words"), REFUSED.values(), ids=REFUSED)
async def test_a_body_that_cannot_be_decoded_is_refused(
    client: httpx.AsyncClient, name: str, content: bytes, status: int, words: str
) -> None:
    response = await client.post(BATCH, content=content, headers=JSON | {"content-encoding": name})

    assert response.status_code == status
    assert response.json()["detail"].startswith(words)


@pytest.mark.parametrize(
    ("header", "accepts"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("br", False),
        ("", False),
    ],
)
def test_gzip_is_sent_to_who_accepts_it(header: str, accepts: bool) -> None:
    assert coding.accepts_gzip(header) == accepts


@pytest.mark.process
async def test_both_paths_send_a_large_answer_in_gzip(either_path: Running) -> None:
    body = asked(shape=[2000, 4], data=[5.1, 3.5, 1.4, 0.2] * 2000)

    async with httpx.AsyncClient(base_url=either_path.url) as client:
        coded = await client.post(INFER, json=body, headers={"accept-encoding": "gzip"})
        plain = await client.post(INFER, json=body, headers={"accept-encoding": ""})

    assert [answer.headers.get("content-encoding") for answer in (coded, plain)] == ["gzip", None]
    assert coded.json()["outputs"][:2] == plain.json()["outputs"][:2]


@pytest.mark.process
async def test_a_large_answer_to_a_request_in_one_read_is_sent_in_gzip(either_path: Running) -> None:
    """The fast path answers such a request at once, but never in gzip."""
    body = json.dumps(asked(shape=[1000, 4], data=[5.1, 3.5, 1.4, 0.2] * 1000)).encode()

    reader, writer = await connect(either_path)
    writer.write(post(body, "Accept-Encoding: gzip", path=INFER))
    async with asyncio.timeout(processes.DEADLINE):
        head = await reader.readuntil(b"\r\n\r\n")
    writer.close()

    assert b"content-encoding: gzip\r\n" in head.lower()


async def test_a_large_answer_is_sent_in_gzip_where_accepted(settings: Settings, server: Server) -> None:
    roomy = settings.model_copy(update={"max_batch_rows": 5000})
    body = asked(shape=[2000, 4], data=[5.1, 3.5, 1.4, 0.2] * 2000)
    binary = body | {"parameters": {"binary_data_output": True}}

    # Lists and arrays differ in the last digit, and the first large request asks for arrays.
    importlib.import_module("iris_model_server.model.arrays")
    async with connected(app.create_app(roomy, server.serving.loaded().artifact)) as client:
        await client.post(INFER, json=body)
        for asks in (body, binary):
            plain = await client.post(INFER, json=asks, headers={"accept-encoding": "identity"})
            coded = await client.post(INFER, json=asks, headers={"accept-encoding": "gzip"})
            small = await client.post(INFER, json=asked(), headers={"accept-encoding": "gzip"})

            # httpx has decoded it.
            assert coded.content == plain.content
            assert coded.headers["content-encoding"] == "gzip"
            assert coded.headers["vary"] == "accept-encoding"
            assert int(coded.headers["content-length"]) < len(plain.content) / 3
            assert "content-encoding" not in plain.headers
            assert "content-encoding" not in small.headers
