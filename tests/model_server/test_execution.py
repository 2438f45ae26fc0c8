"""Large requests: chunk by chunk, one at a time, with everybody else's turn in between."""

import asyncio
import json
from collections.abc import Iterable, Sequence

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_model_server import app, errors
from iris_model_server.model import artifact, predictions
from iris_model_server.model.arrays import MANY, ArrayPredictions, softmax, table
from iris_model_server.model.model import FoldedModel
from iris_model_server.prediction import execution
from iris_model_server.protocols.openapi import FLOWER
from iris_model_server.settings import Settings

from tests.model_server import artifacts
from tests.model_server.conftest import connected
from tests.model_server.test_api import problem_of

CENTIMETRES = st.floats(min_value=0, max_value=100, exclude_min=True) | st.sampled_from([4.3, 5.0, 1.4, 2.5])
ROWS = st.lists(st.tuples(CENTIMETRES, CENTIMETRES, CENTIMETRES, CENTIMETRES), min_size=1, max_size=40)
FOLDED = FoldedModel(artifacts.WEIGHTS, artifacts.INTERCEPT)
EDGES = [[4.3, 5.0, 5.8, 6.5, 7.9], [2.0, 4.4], [1.0, 1.4, 6.9], [0.1, 2.5]]
LARGE = json.dumps({"rows": [[5.1, 3.5, 1.4, 0.2]] * 20_000}).encode()
JSON = {"content-type": "application/json"}


@pytest.fixture
def client(settings: Settings) -> httpx.AsyncClient:
    # Patient too: on a busy machine a turn may take longer than the default waits.
    roomy = settings.model_copy(
        update={"max_body_bytes": 10_000_000, "max_batch_rows": 100_000, "max_waiting_seconds": 60}
    )
    return connected(app.create_app(roomy, artifact.load(settings.artifact_dir)))


def post_large(client: httpx.AsyncClient) -> asyncio.Task[httpx.Response]:
    return asyncio.ensure_future(client.post("/api/v1/predict/batch", content=LARGE, headers=JSON))


async def test_single_predictions_are_answered_while_a_large_request_runs(client: httpx.AsyncClient) -> None:
    async with client:
        large = post_large(client)
        answered = 0
        while not large.done():
            assert (await client.post("/api/v1/predict", json=FLOWER)).status_code == 200
            answered += 1
            # Nothing in this transport waits for a wire: give way as a wire would.
            await asyncio.sleep(0)

    assert large.result().json()["prediction"] == [0] * 20_000
    assert answered > 5


async def test_large_requests_take_turns_and_all_are_answered(client: httpx.AsyncClient) -> None:
    async with client:
        responses = await asyncio.gather(*(post_large(client) for _ in range(3)))

    assert [response.status_code for response in responses] == [200, 200, 200]


async def test_more_large_requests_than_may_wait_are_told_to_come_again(client: httpx.AsyncClient) -> None:
    async with client:
        responses = await asyncio.gather(*(post_large(client) for _ in range(execution.MOST_LARGE + 2)))
        scraped = (await client.get("/metrics")).text

    statuses = [response.status_code for response in responses]
    assert (statuses.count(200), statuses.count(503)) == (execution.MOST_LARGE, 2)
    for response in responses:
        if response.status_code == 503:
            await problem_of(response, errors.OVERLOADED)
    assert 'inference_requests_total{model="iris",status="invalid",version="1.4.0"} 0.0' in scraped


async def test_a_large_request_that_waits_too_long_is_told_to_come_again(settings: Settings) -> None:
    hasty = settings.model_copy(
        update={"max_body_bytes": 10_000_000, "max_batch_rows": 100_000, "max_waiting_seconds": 0.001}
    )

    async with connected(app.create_app(hasty, artifact.load(settings.artifact_dir))) as client:
        responses = await asyncio.gather(*(post_large(client) for _ in range(3)))

    assert [response.status_code for response in responses] == [200, 503, 503]
    assert "no turn within 0.001 s" in responses[2].json()["detail"]


@pytest.mark.parametrize("fewest", [1, MANY])
@given(rows=ROWS)
def test_arrays_say_what_lists_say(fewest: int, rows: list[tuple[float, float, float, float]]) -> None:
    rows = rows * -(-fewest // len(rows))
    inputs = table([number for row in rows for number in row])
    arrays = ArrayPredictions(inputs, softmax(inputs, FOLDED))
    plain = predictions.PlainPredictions(rows, FOLDED.probabilities(rows))

    flat = arrays.flat()
    assert max(abs(a - b) for a, b in zip(flat, plain.flat(), strict=True)) < 1e-12
    assert arrays.nested() == [flat[start : start + 3] for start in range(0, 3 * len(rows), 3)]
    counted, expected = arrays.counts(EDGES), plain.counts(EDGES)
    assert counted.cells == expected.cells
    assert counted.confidence_sum == pytest.approx(expected.confidence_sum, abs=1e-9)
    # A tie within rounding may fall to either side.
    clear = all(abs(max(row) - sorted(row)[-2]) > 1e-12 for row in plain.nested())
    if clear:
        assert arrays.classes == plain.classes
        assert list(counted.classes) == list(expected.classes)
    near = any(abs(max(row) - bound) < 1e-12 for row in plain.nested() for bound in predictions.CONFIDENCE)
    assert near or list(counted.confidence) == list(expected.confidence)


@pytest.mark.parametrize("fewest", [1, MANY])
@given(rows=st.lists(st.tuples(*[st.sampled_from([0.0, 0.25, 0.5])] * 3), min_size=1, max_size=20))
def test_of_equal_probabilities_the_first_class_is_predicted(
    fewest: int, rows: list[tuple[float, float, float]]
) -> None:
    rows = rows * -(-fewest // len(rows))
    columns = np.array(rows).T
    arrays = ArrayPredictions(columns, columns)

    assert arrays.classes == [row.index(max(row)) for row in rows]


@pytest.mark.parametrize("arrays", [True, False])
@given(parts=st.lists(ROWS, min_size=1, max_size=4))
def test_outcomes_counted_together_are_counted_as_each_by_itself(
    arrays: bool, parts: list[list[tuple[float, float, float, float]]]
) -> None:
    def predict(rows: list[tuple[float, float, float, float]]) -> predictions.Predictions:
        if not arrays:
            return predictions.PlainPredictions(rows, FOLDED.probabilities(rows))
        inputs = table([number for row in rows for number in row])
        return ArrayPredictions(inputs, softmax(inputs, FOLDED))

    made = [predict(rows) for rows in parts]
    alone = [one.counts(EDGES) for one in made]

    together = made[0].joined(made).counts(EDGES)

    def summed(counts: Iterable[Sequence[int]]) -> list[int]:
        return [sum(one) for one in zip(*counts, strict=True)]

    assert list(together.classes) == summed(one.classes for one in alone)
    assert list(together.confidence) == summed(one.confidence for one in alone)
    assert together.confidence_sum == pytest.approx(sum(one.confidence_sum for one in alone))
    for feature, cells in enumerate(together.cells):
        assert list(cells) == summed(one.cells[feature] for one in alone)
