"""Open Inference V2 with bodies so large that they are read in chunks: answered or refused as a whole."""

import json
from typing import Any

import httpx
import pytest
from iris_model_server import app
from iris_model_server.app import Server
from iris_model_server.protocols import chunks
from iris_model_server.settings import Settings

from tests.model_server.conftest import connected
from tests.model_server.v2_requests import INFER, asked, outputs, refusal


def large(rows: list[list[float]], *, nested: bool) -> dict[str, Any]:
    data: list[Any] = rows if nested else [number for row in rows for number in row]
    return asked(shape=[len(rows), 4], data=data)


@pytest.fixture
async def wide(settings: Settings, server: Server) -> httpx.AsyncClient:
    """A server with room for bodies that come in chunks."""
    roomy = settings.model_copy(update={"max_body_bytes": 10_000_000, "max_batch_rows": 100_000})
    return connected(app.create_app(roomy, server.serving.loaded().artifact))


@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
async def test_a_large_request_answers_what_its_rows_answer_alone(
    wide: httpx.AsyncClient, nested: bool
) -> None:
    rows = [
        [round(0.1 + (37 * row + 11 * column) % 79 / 10, 3) for column in range(4)] for row in range(20_000)
    ]
    body = json.dumps(large(rows, nested=nested))
    assert len(body) > chunks.ONE_GO_BYTES

    async with wide:
        whole = outputs(await wide.post(INFER, content=body))
        some = outputs(await wide.post(INFER, json=large(rows[:70], nested=nested)))
        scraped = (await wide.get("/metrics")).text

    assert [output["shape"] for output in whole.values()] == [[20_000], [20_000], [20_000, 3]]
    assert whole["predict"]["data"][:70] == some["predict"]["data"]
    assert whole["label"]["data"][:70] == some["label"]["data"]
    assert whole["probabilities"]["data"][:210] == pytest.approx(some["probabilities"]["data"], abs=1e-12)
    # The rows repeat every 79: so must the answers.
    assert whole["predict"]["data"][79 * 200 :] == whole["predict"]["data"][79 : 79 + 20_000 - 79 * 200]
    assert 'prediction_confidence_count{model="iris",version="1.4.0"} 20070.0' in scraped
    assert 'inference_requests_total{model="iris",status="success",version="1.4.0"} 2.0' in scraped


@pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
@pytest.mark.parametrize(
    ("place", "wrong"), [(0, None), (6_000, "5,1"), (11_999, -1), (0, [1]), (6_000, "]"), (11_999, True)]
)
async def test_a_fault_anywhere_in_a_large_request_refuses_it_whole(
    wide: httpx.AsyncClient, nested: bool, place: int, wrong: Any
) -> None:
    rows: list[list[Any]] = [[5.123, 3.123, 1.123, 0.123] for _ in range(12_000)]
    rows[place][2] = wrong

    async with wide:
        response = await wide.post(INFER, content=json.dumps(large(rows, nested=nested)))
        scraped = (await wide.get("/metrics")).text

    assert "inputs[0].data" in await refusal(response, 400)
    assert 'prediction_confidence_count{model="iris",version="1.4.0"} 0.0' in scraped


@pytest.mark.parametrize("rows", [19_999, 20_001])
async def test_a_large_request_has_as_many_numbers_as_its_shape_says(
    wide: httpx.AsyncClient, rows: int
) -> None:
    body = large([[5.123, 3.123, 1.123, 0.123]] * 20_000, nested=False)
    body["inputs"][0]["shape"] = [rows, 4]

    async with wide:
        response = await wide.post(INFER, content=json.dumps(body))

    assert f"for the shape [{rows}, 4]" in await refusal(response, 400)
