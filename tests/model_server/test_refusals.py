"""Refusals that must not depend on the path a request takes through the server, nor on its protocol."""

import codecs
import json

import pytest

from tests.model_server.connections import BODY, exchange, head_of, post
from tests.model_server.processes import Running

pytestmark = pytest.mark.process

ROW = [5.1, 3.5, 1.4, 0.2]
MANY = 20_000


def tensor(rows: int) -> bytes:
    return json.dumps(
        {"inputs": [{"name": "input-0", "shape": [rows, 4], "datatype": "FP64", "data": ROW * rows}]}
    ).encode()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/predict", BODY),
        ("/api/v1/predict/batch", json.dumps({"rows": [ROW]}).encode()),
        ("/api/v1/predict/batch", json.dumps({"rows": [ROW] * MANY}).encode()),
        ("/v1/models/iris:predict", json.dumps({"instances": [ROW]}).encode()),
        ("/v1/models/iris:predict", json.dumps({"instances": [ROW] * MANY}).encode()),
        ("/v2/models/iris/infer", tensor(1)),
        ("/v2/models/iris/infer", tensor(MANY)),
    ],
    ids=["one", "batch", "large batch", "V1", "large V1", "V2", "large V2"],
)
async def test_a_byte_order_mark_is_refused_by_its_name(either_path: Running, path: str, body: bytes) -> None:
    """RFC 8259 8.1: JSON text on a network begins with none. Windows programs write one by default."""
    text = body.decode()
    marked = (
        codecs.BOM_UTF8 + body,
        codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    )
    for content in marked:
        ((status, answer),) = await exchange(either_path, post(content, path=path), count=1)

        assert status == 400
        found = answer.get("detail") or answer["error"]
        assert found == "body: begins with a byte order mark, expected JSON in UTF-8 without one"


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/livez", "/metrics", "/openapi.json", "/v2", "/v2/models/iris", "/v1/models"]
)
async def test_a_refused_method_is_told_of_head_wherever_get_is_allowed(
    either_path: Running, path: str
) -> None:
    """RFC 9110 15.5.6: Allow lists what the resource supports at present, and that includes HEAD."""
    for method in ("PUT", "OPTIONS"):
        head = await head_of(either_path, f"{method} {path} HTTP/1.1", "host: iris")

        assert b"\r\nallow: get, head\r\n" in head


async def test_a_refused_method_is_not_told_of_head_where_get_is_refused(either_path: Running) -> None:
    head = await head_of(either_path, "GET /api/v1/predict HTTP/1.1", "host: iris")

    assert b"\r\nallow: post\r\n" in head
