"""The HTTP surface of design and README, through the real app."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from iris_model_server import app, errors
from iris_model_server.app import Server
from iris_model_server.model import artifact
from iris_model_server.protocols import openapi
from iris_model_server.settings import Settings

from tests.model_server import artifacts
from tests.model_server.conftest import connected

FLOWER = openapi.FLOWER
PROBLEM = "application/problem+json"
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from((*artifacts.FEATURES, "rows", "x")), inner)
    ),
    max_leaves=10,
)


async def problem_of(response: httpx.Response, kind: errors.Kind) -> dict[str, Any]:
    """Every error has the same shape: asserted here once for all tests."""
    content: dict[str, Any] = response.json()
    assert response.headers["content-type"] == PROBLEM
    assert (response.status_code, content["status"]) == (kind.status, kind.status)
    assert content["type"] == f"urn:iris-model-server:problem:{kind.name}"
    assert content["title"] == kind.title
    assert content["request_id"] == response.headers["x-request-id"]
    return content


async def test_the_server_predicts_the_reference_flower(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/v1/predict", json=FLOWER, headers={"x-request-id": "mine"})

    assert response.status_code == 200
    answer = response.json()
    assert [float(f"{share:.9g}") for share in answer.pop("probabilities")] == openapi.SHARES
    assert answer == {
        "prediction": 0,
        "prediction_label": "setosa",
        "request_id": "mine",
        "model_version": "1.4.0",
    }


@pytest.mark.parametrize(
    ("given_flower", "outside"),
    [
        ({"petal_length": 8.0}, ["petal_length"]),
        ({"sepal_length": 0.5, "petal_width": 9.0}, ["sepal_length", "petal_width"]),
    ],
)
async def test_an_answer_names_inputs_outside_the_training_range(
    client: httpx.AsyncClient, given_flower: dict[str, float], outside: list[str]
) -> None:
    answer = (await client.post("/api/v1/predict", json={**FLOWER, **given_flower})).json()

    assert answer["outside_training_range"] == outside


async def test_an_answer_for_the_ends_of_the_training_ranges_has_no_mark(client: httpx.AsyncClient) -> None:
    for ends in zip(*artifacts.RANGES, strict=True):
        row = dict(zip(artifacts.FEATURES, ends, strict=True))

        assert "outside_training_range" not in (await client.post("/api/v1/predict", json=row)).json()


async def test_a_batch_answers_in_columns_what_one_by_one_answers(client: httpx.AsyncClient) -> None:
    rows = [entry["input"] for entry in artifacts.GOLDEN]

    batch = (await client.post("/api/v1/predict/batch", json={"rows": rows})).json()

    single = [
        (await client.post("/api/v1/predict", json=dict(zip(artifacts.FEATURES, row, strict=True)))).json()
        for row in rows
    ]
    for column in ("prediction", "prediction_label", "probabilities"):
        assert batch[column] == [answer[column] for answer in single]
    assert list(batch) == ["prediction", "prediction_label", "probabilities", "request_id", "model_version"]


@pytest.mark.parametrize(
    "given_type",
    ["application/json", "Application/JSON", "application/json; charset=utf-8", "application/json ;x=y"],
)
async def test_the_server_takes_json_with_any_parameter(client: httpx.AsyncClient, given_type: str) -> None:
    body = json.dumps(FLOWER).encode()

    response = await client.post("/api/v1/predict", content=body, headers={"content-type": given_type})

    assert response.status_code == 200


@pytest.mark.parametrize(
    "given_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""]
)
async def test_the_server_refuses_another_type(client: httpx.AsyncClient, given_type: str) -> None:
    body = json.dumps(FLOWER).encode()

    response = await client.post("/api/v1/predict", content=body, headers={"content-type": given_type})

    content = await problem_of(response, errors.MEDIA)
    assert content["detail"] == f"content-type: {given_type or 'nothing'}, expected application/json"


async def test_a_wrong_value_is_told_by_field_found_and_expected(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/v1/predict", json=FLOWER | {"petal_width": "wide"})

    content = await problem_of(response, errors.INVALID)
    expected = "a number greater than 0 and at most 100 (cm)"
    assert content["errors"] == [{"field": "petal_width", "found": 'text "wide"', "expected": expected}]


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 50_000, b"\xff"], ids=["empty", "cut", "deep", "no text"])
async def test_what_is_not_json_is_400(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post(
        "/api/v1/predict", content=body, headers={"content-type": "application/json"}
    )

    await problem_of(response, errors.MALFORMED)


async def chunks(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * 1000


@pytest.mark.parametrize("path", ["/api/v1/predict", "/api/v1/predict/batch"])
async def test_a_large_body_is_413_declared_or_in_chunks(client: httpx.AsyncClient, path: str) -> None:
    json_type = {"content-type": "application/json"}

    declared = await client.post(path, content=b" " * 200_001, headers=json_type)
    chunked = await client.post(path, content=chunks(201), headers=json_type)
    fitting = await client.post(path, content=chunks(200), headers=json_type)

    assert (await problem_of(declared, errors.TOO_LARGE))[
        "detail"
    ] == "body: 200001 bytes, expected at most 200000 bytes"
    await problem_of(chunked, errors.TOO_LARGE)
    await problem_of(fitting, errors.MALFORMED)


async def test_too_many_rows_are_413(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/v1/predict/batch", json={"rows": [[5, 3, 1, 1]] * 101})

    await problem_of(response, errors.TOO_LARGE)


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/predict/", "/api/v1", "/%00", "/../etc/passwd"])
async def test_an_unknown_path_is_404(client: httpx.AsyncClient, path: str) -> None:
    await problem_of(await client.get(path), errors.NOT_FOUND)


@pytest.mark.parametrize("host", ["[::1", "a b", "::::", "é"])
async def test_a_broken_host_header_is_no_error_of_ours(client: httpx.AsyncClient, host: str) -> None:
    response = await client.get("/nothing", headers={b"host": host.encode()})

    await problem_of(response, errors.NOT_FOUND)


async def test_a_wrong_method_is_405_and_names_the_right_one(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/v1/predict")

    content = await problem_of(response, errors.METHOD)
    assert response.headers["allow"] == "POST"
    assert content["detail"] == "/api/v1/predict: GET, expected POST"


async def test_model_info_is_the_proof_of_what_serves(client: httpx.AsyncClient) -> None:
    info = (await client.get("/api/v1/model/info")).json()

    started = info.pop("started")
    assert started.endswith("Z")
    card = artifacts.card()
    assert info == {
        "name": "iris",
        "version": "1.4.0",
        "digest": f"sha256:{card['artifact']['sha256']}",
        "features": card["features"],
        "classes": card["classes"],
        "created": card["created"],
        "reloads": 0,
        "source": "folded",
        "pickle": "Allow",
        "signed_by": "",
    }


async def test_the_reference_rows_are_those_of_the_card(settings: Settings, tmp_path: Path) -> None:
    rows = {"rule": "lengths-1", "rows": [[5.1, 3.5, 1.4, 0.2]], "labels": ["setosa"]}
    loaded = artifact.load(artifacts.write(tmp_path, reference=rows))

    async with connected(app.create_app(settings, loaded)) as client:
        assert (await client.get("/api/v1/model/reference")).json() == rows


async def test_a_card_without_reference_rows_has_none_to_offer(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/model/reference")

    assert answer.json() == {"rule": "", "rows": [], "labels": []}


async def test_health_names_the_model(client: httpx.AsyncClient) -> None:
    health = (await client.get("/api/v1/health")).json()

    assert health.pop("uptime_seconds") >= 0
    assert health == {"status": "serving", "model_name": "iris", "model_version": "1.4.0"}


async def test_without_a_model_it_lives_but_is_not_ready(settings: Settings) -> None:
    async with connected(app.create_app(settings, None)) as client:
        assert (await client.get("/livez")).json() == {"status": "live"}
        assert (await client.get("/metrics")).status_code == 200
        for path in ("/readyz", "/api/v1/health", "/api/v1/model/info", "/api/v1/model/reference"):
            await problem_of(await client.get(path), errors.NOT_READY)
        await problem_of(await client.post("/api/v1/predict", json=FLOWER), errors.NOT_READY)


async def test_while_draining_only_readiness_says_no(client: httpx.AsyncClient, server: Server) -> None:
    server.serving.draining = True

    ready, live = await client.get("/readyz"), await client.get("/livez")
    answer = await client.post("/api/v1/predict", json=FLOWER)

    content = await problem_of(ready, errors.NOT_READY)
    assert "draining" in content["detail"]
    assert (live.status_code, answer.status_code) == (200, 200)
    assert [response.headers["connection"] for response in (ready, live, answer)] == ["close"] * 3


async def test_an_unexpected_error_is_a_500_that_tells_nothing(
    settings: Settings, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = server.serving.loaded().artifact
    broken = app.create_app(settings, type(loaded)(card=loaded.card, model=artifacts.Broken()))

    async with connected(broken) as client:
        response = await client.post("/api/v1/predict", json=FLOWER)
        scraped = (await client.get("/metrics")).text

    content = await problem_of(response, errors.INTERNAL)
    assert "secret" not in response.text
    assert content["request_id"] in caplog.text
    assert "secret path" in caplog.text
    assert 'inference_requests_total{model="iris",status="error",version="1.4.0"} 1.0' in scraped


@given(content=ANY_JSON)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_json_is_answered_or_refused_in_words(server: Server, content: Any) -> None:
    body = json.dumps(content).encode()

    async with connected(server) as client:
        for path in ("/api/v1/predict", "/api/v1/predict/batch"):
            response = await client.post(path, content=body, headers={"content-type": "application/json"})
            if response.status_code != 200:
                await problem_of(response, errors.INVALID)
