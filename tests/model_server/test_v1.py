"""KServe's protocol V1 through the real app."""

import json
from typing import Any

import httpx
import pytest
from iris_model_server import app
from iris_model_server.app import Server
from iris_model_server.protocols import chunks
from iris_model_server.settings import Settings

from tests.model_server import artifacts
from tests.model_server.conftest import connected
from tests.model_server.v2_requests import refusal

PREDICT = "/v1/models/iris:predict"
ROWS = [entry["input"] for entry in artifacts.GOLDEN]


async def test_v1_answers_the_number_of_the_class_of_each_instance(client: httpx.AsyncClient) -> None:
    response = await client.post(PREDICT, json={"instances": ROWS, "signature_name": "any"})

    assert (response.status_code, response.json()) == (200, {"predictions": [0, 1, 2, 2]})


async def test_v1_lists_the_model_and_says_that_it_is_ready(
    client: httpx.AsyncClient, server: Server
) -> None:
    assert (await client.get("/v1/models")).json() == {"models": ["iris"]}
    assert (await client.get("/v1/models/iris")).json() == {"name": "iris", "ready": True}

    server.serving.draining = True

    await refusal(await client.get("/v1/models/iris"), 503)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/models/other"), ("POST", "/v1/models/other:predict")]
)
async def test_an_unknown_model_is_404(client: httpx.AsyncClient, method: str, path: str) -> None:
    response = await client.request(method, path, json={"instances": ROWS})

    assert await refusal(response, 404) == "model: other, expected iris"


async def test_another_method_is_405(client: httpx.AsyncClient) -> None:
    response = await client.put("/v1/models", json={})

    assert await refusal(response, 405) == "/v1/models: PUT, expected GET, HEAD"
    assert response.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, "missing required field `instances`"),
        ({"instances": []}, 400, "instances: a list of 0, expected a list of at least one row"),
        ({"instances": [[1, 1, 1]]}, 400, "Expected `array` of length 4 - at `$.instances[0]`"),
        ({"instances": [[1, 1, 1, -1]]}, 400, "Expected `float` > 0.0 - at `$.instances[0][3]`"),
        ({"instances": [{"sepal_length": 1}]}, 400, "Expected `array`, got `object` - at `$.instances[0]`"),
        ({"instances": [[1, 1, 1, 1]] * 101}, 413, "instances: 101 rows, at most 100 fit in one request"),
    ],
)
async def test_a_wrong_request_is_refused_in_the_protocols_words(
    client: httpx.AsyncClient, body: dict[str, Any], status: int, words: str
) -> None:
    assert words in await refusal(await client.post(PREDICT, json=body), status)


@pytest.mark.parametrize(
    ("rows", "status", "words"),
    [
        ([[5.123, 3.123, 1.123, 0.123]] * 12_000, 200, ""),
        ([[5.123, 3.123, 1.123, 0.123]] * 11_999 + [[5.123]], 400, "Expected `array` of length 4"),
        ([[5.123, 3.123, 1.123, 0.123]] * 12_001, 413, "instances: 12001 rows, at most 12000"),
        ("x" * 300_000, 400, "instances: no list of rows"),
    ],
    ids=["good", "short row", "too many", "text"],
)
async def test_a_large_request_is_answered_or_refused_whole(
    settings: Settings, server: Server, rows: object, status: int, words: str
) -> None:
    roomy = settings.model_copy(update={"max_body_bytes": 10_000_000, "max_batch_rows": 12_000})
    body = json.dumps({"instances": rows})
    assert len(body) > chunks.ONE_GO_BYTES

    async with connected(app.create_app(roomy, server.serving.loaded().artifact)) as client:
        response = await client.post(PREDICT, content=body)

    if status == 200:
        assert response.json() == {"predictions": [0] * 12_000}
    else:
        assert words in await refusal(response, status)


async def test_another_method_is_told_the_right_one(client: httpx.AsyncClient) -> None:
    response = await client.options("/v1/models/iris:predict")

    assert (response.status_code, response.headers["allow"]) == (405, "POST")
