"""What happens around every request: ids, the access log, connections that break."""

import io
import json
import re
from typing import Any

import httpx
import pytest
from iris_model_server import app
from iris_model_server.app import Server
from iris_model_server.protocols.openapi import FLOWER
from iris_model_server.settings import Settings

from tests.model_server.conftest import TOKEN, connected


def lines(server: Server, log: io.BytesIO) -> list[dict[str, Any]]:
    server.log.flush()
    return [json.loads(line) for line in log.getvalue().splitlines()]


@pytest.mark.parametrize("given", ["a", "0" * 128, "Ab.9_-x"])
async def test_the_middleware_keeps_a_sane_request_id(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/livez", headers={"x-request-id": given})

    assert response.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "0" * 129, "a b", "a\tb", "é", 'quote"', "new%0aline"])
async def test_the_middleware_replaces_an_id_that_could_hurt_a_log(
    client: httpx.AsyncClient, given: str
) -> None:
    response = await client.get("/livez", headers={b"x-request-id": given.encode()})

    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["x-request-id"])


@pytest.mark.parametrize("others", [{}, {"x-api-key": "secret"}], ids=["alone", "beside another header"])
async def test_of_several_request_ids_the_first_counts(
    client: httpx.AsyncClient, others: dict[str, str]
) -> None:
    several = [*others.items(), ("x-request-id", "one"), ("x-request-id", "two"), ("x-request-id", "three")]

    assert (await client.get("/livez", headers=several)).headers["x-request-id"] == "one"


async def test_made_ids_differ(client: httpx.AsyncClient) -> None:
    made = {(await client.get("/livez")).headers["x-request-id"] for _ in range(20)}

    assert len(made) == 20


async def test_the_middleware_logs_one_json_line_per_request(
    client: httpx.AsyncClient, server: Server, log: io.BytesIO
) -> None:
    await client.post("/api/v1/predict?token=secret", json=FLOWER, headers={"x-request-id": "one"})
    await client.get("/nothing/here", headers={"x-request-id": "two", "authorization": f"Bearer {TOKEN}"})

    logged = lines(server, log)
    assert [
        (line["request_id"], line["method"], line["path"], line["route"], line["status"]) for line in logged
    ] == [
        ("one", "POST", "/api/v1/predict", "/api/v1/predict", 200),
        ("two", "GET", "/nothing/here", "unmatched", 404),
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]) for line in logged)
    assert "secret" not in log.getvalue().decode()
    assert TOKEN not in log.getvalue().decode()


@pytest.mark.parametrize(("level", "logged"), [("Debug", 2), ("Info", 1), ("Warning", 0), ("Error", 0)])
async def test_probes_are_told_at_debug_and_nothing_above_info(
    settings: Settings, log: io.BytesIO, level: str, logged: int
) -> None:
    server = app.create_app(settings.model_copy(update={"log_level": level}), None, log)

    async with connected(server) as client:
        await client.get("/livez")
        await client.get("/docs")

    assert len(lines(server, log)) == logged


async def test_lines_are_written_in_blocks(client: httpx.AsyncClient, log: io.BytesIO) -> None:
    for _ in range(511):
        await client.get("/docs")
    before = log.getvalue()

    await client.get("/docs")

    assert before == b""
    assert log.getvalue().count(b"\n") == 512


async def test_a_log_that_nobody_reads_stops_no_answer(settings: Settings) -> None:
    class Gone:
        def write(self, _: bytes, /) -> object:
            raise BrokenPipeError

        def flush(self) -> object:
            raise BrokenPipeError

    server = app.create_app(settings, None, Gone())

    # Not `connected`: here an error of the app must reach the test.
    transport = httpx.ASGITransport(app=server.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://iris") as client:
        statuses = {(await client.get("/docs")).status_code for _ in range(600)}

    assert statuses == {200}


async def test_a_client_that_leaves_is_counted_and_hurts_nobody(
    server: Server, client: httpx.AsyncClient, log: io.BytesIO
) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/predict",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    await server.app(scope, receive, send)

    assert sent == []
    assert [line["status"] for line in lines(server, log)] == [499]
    assert "http_requests_in_flight 1.0" in (await client.get("/metrics")).text
