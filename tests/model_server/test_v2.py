"""Open Inference Protocol V2 through the real app: metadata, health, inference and its errors."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from iris_model_server import app
from iris_model_server.app import Server
from iris_model_server.prediction.execution import Execution
from iris_model_server.prediction.serving import Serving
from iris_model_server.protocols.v2 import V2
from iris_model_server.settings import Settings
from iris_model_server.telemetry.metrics import Metrics

from tests.model_server import artifacts
from tests.model_server.conftest import connected
from tests.model_server.v2_requests import BASE, COLUMNS, FLAT, INFER, ROWS, asked, outputs, refusal

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-3, 200) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=8)
        | st.dictionaries(st.sampled_from(["inputs", "name", "shape", "datatype", "data", "outputs"]), inner)
    ),
    max_leaves=15,
)


async def test_v2_answers_every_output_with_shape_and_datatype(client: httpx.AsyncClient) -> None:
    response = await client.post(INFER, json=asked())

    answer = outputs(response)
    assert (response.json()["model_name"], response.json()["model_version"]) == ("iris", "1.4.0")
    assert "id" not in response.json()
    assert answer["predict"] == {"name": "predict", "datatype": "INT64", "shape": [4], "data": [0, 1, 2, 2]}
    labels = ["setosa", "versicolor", "virginica", "virginica"]
    assert answer["label"] == {"name": "label", "datatype": "BYTES", "shape": [4], "data": labels}
    shares = answer["probabilities"]
    assert (shares["datatype"], shares["shape"]) == ("FP64", [4, 3])
    expected = [share for entry in artifacts.GOLDEN for share in entry["probabilities"]]
    assert shares["data"] == pytest.approx(expected, abs=1e-12)


async def test_v2_predicts_the_same_as_the_native_path(client: httpx.AsyncClient) -> None:
    ours = (await client.post("/api/v1/predict/batch", json={"rows": ROWS})).json()

    answer = outputs(await client.post(INFER, json=asked()))

    assert answer["predict"]["data"] == ours["prediction"]
    assert answer["label"]["data"] == ours["prediction_label"]
    assert answer["probabilities"]["data"] == [share for row in ours["probabilities"] for share in row]


@pytest.mark.parametrize(
    "changes", [{"data": ROWS}, {"datatype": "FP32"}, {"name": "any"}, {"parameters": {"a": 1}}]
)
async def test_v2_takes_what_other_clients_send(client: httpx.AsyncClient, changes: dict[str, Any]) -> None:
    usual = outputs(await client.post(INFER, json=asked()))

    other = outputs(await client.post(INFER, json=asked(**changes) | {"parameters": {"trace": True}}))

    assert other == usual


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "reversed"])
@pytest.mark.parametrize("nested", [False, True], ids=["[rows]", "[rows, 1]"])
async def test_v2_takes_a_tensor_for_each_column(client: httpx.AsyncClient, order: int, nested: bool) -> None:
    usual = outputs(await client.post(INFER, json=asked()))
    columns = [
        column | ({"shape": [4, 1], "data": [[one] for one in column["data"]]} if nested else {})
        for column in COLUMNS
    ]

    assert outputs(await client.post(INFER, json={"inputs": columns[::order]})) == usual


async def test_v2_takes_whole_numbers_as_integers(client: httpx.AsyncClient) -> None:
    whole = asked(shape=[1, 4], data=[5, 3, 1, 1])
    usual = outputs(await client.post(INFER, json=whole))

    for datatype in ("INT32", "INT64"):
        whole["inputs"][0]["datatype"] = datatype
        assert outputs(await client.post(INFER, json=whole)) == usual


async def test_v2_repeats_the_id_and_answers_the_outputs_in_the_order_asked_for(
    client: httpx.AsyncClient,
) -> None:
    wanted = [{"name": "probabilities", "parameters": {"binary_data": False}}, {"name": "predict"}]

    response = await client.post(INFER, json=asked() | {"id": "mine", "outputs": wanted})

    assert response.json()["id"] == "mine"
    assert list(outputs(response)) == ["probabilities", "predict"]


async def test_a_versioned_url_answers_for_the_version_that_serves(client: httpx.AsyncClient) -> None:
    for path in ("", "/ready"):
        assert (await client.get(f"/v2/models/iris/versions/1.4.0{path}")).status_code == 200
    assert (await client.post("/v2/models/iris/versions/1.4.0/infer", json=asked())).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "detail"),
    [
        ("GET", "/v2/models/other", "model: other, expected iris"),
        ("GET", "/v2/models/other/ready", "model: other, expected iris"),
        ("POST", "/v2/models/other/infer", "model: other, expected iris"),
        ("GET", "/v2/models/iris/versions/9", "version: 9, expected 1.4.0"),
        ("GET", "/v2/models/iris/versions/9/ready", "version: 9, expected 1.4.0"),
        ("POST", "/v2/models/iris/versions/9/infer", "version: 9, expected 1.4.0"),
        ("GET", "/v2/nothing", "/v2/nothing: Not Found, expected a path listed in /docs"),
    ],
)
async def test_an_unknown_model_or_version_is_404(
    client: httpx.AsyncClient, method: str, path: str, detail: str
) -> None:
    response = await client.request(method, path, json=asked())

    assert await refusal(response, 404) == detail


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no input": ({"inputs": []}, "inputs: 0 tensors, expected one"),
    "two inputs": ({"inputs": [BASE, BASE]}, "inputs: 2 tensors, expected one"),
    "missing inputs": ({}, "body: Object missing required field `inputs`"),
    "wrong datatype": (asked(datatype="BOOL"), "inputs[0].datatype: BOOL, expected FP64 or FP32 or FP16"),
    "fractions as integers": (
        asked(datatype="INT64"),
        "inputs[0].data: 5.1, expected whole numbers for INT64",
    ),
    "half precision in JSON": (asked(datatype="FP16"), "inputs[0].datatype: FP16 in JSON, expected binary"),
    "no data": (
        {"inputs": [{"name": "input-0", "shape": [4, 4], "datatype": "FP64"}]},
        "inputs[0].data: nothing, expected numbers, or parameters.binary_data_size",
    ),
    "columns of other names": (
        {"inputs": [BASE | {"shape": [4]}] * 4},
        "inputs: input-0, input-0, input-0, input-0, expected one of [rows, 4], or one of [rows] for each of",
    ),
    "columns of different lengths": (
        {"inputs": [*COLUMNS[:3], COLUMNS[3] | {"shape": [5]}]},
        "inputs[3].shape: [5], expected 4 rows, as in inputs[0]",
    ),
    "a column too short": (
        {"inputs": [*COLUMNS[:3], COLUMNS[3] | {"data": [0.2]}]},
        "inputs[3].data: 1 number, expected 4 for the shape [4]",
    ),
    "a flag that is no flag": (
        asked() | {"parameters": {"binary_data_output": 1}},
        "parameters.binary_data_output: 1, expected true or false",
    ),
    "shape too long": (
        asked(shape=[2, 2, 4]),
        "inputs[0].shape: [2, 2, 4], expected [rows, 4]: sepal_length",
    ),
    "shape of others": (asked(shape=[8, 2]), "inputs[0].shape: [8, 2], expected [rows, 4]"),
    "no rows": (asked(shape=[0, 4], data=[]), "inputs[0].shape: [0, 4], expected [rows, 4]"),
    "negative rows": (asked(shape=[-1, 4]), "inputs[0].shape: [-1, 4], expected [rows, 4]"),
    "too few numbers": (
        asked(data=FLAT[:-1]),
        "inputs[0].data: 15 numbers, expected 16 for the shape [4, 4]",
    ),
    "too many rows": (asked(data=[*ROWS, ROWS[0]]), "inputs[0].data: 20 numbers, expected 16"),
    "text": (asked(data=[*FLAT[:-1], "x"]), "Expected `float`, got `str` - at `$.inputs[0].data[15]`"),
    "null": (asked(data=[*FLAT[:-1], None]), "Expected `float`, got `null` - at `$.inputs[0].data[15]`"),
    "out of bounds": (asked(data=[*FLAT[:-1], 101]), "Expected `float` <= 100.0 - at `$.inputs[0].data[15]`"),
    "nested zero": (
        asked(data=[*ROWS[:3], [1, 1, 1, 0]]),
        "Expected `float` > 0.0 - at `$.inputs[0].data[3][3]`",
    ),
    "short row": (
        asked(data=[*ROWS[:3], [1, 1, 1]]),
        "Expected `array` of length 4 - at `$.inputs[0].data[3]`",
    ),
    "data is text": (asked(data="text"), "Expected `array`, got `str` - at `$.inputs[0].data`"),
    "unknown output": (
        asked() | {"outputs": [{"name": "x"}]},
        "outputs[0].name: x, expected each of predict, label",
    ),
    "output twice": (
        asked() | {"outputs": [{"name": "label"}] * 2},
        "outputs[1].name: label, expected each of",
    ),
}


@pytest.mark.parametrize(("body", "words"), WRONG.values(), ids=WRONG)
async def test_a_wrong_request_is_400_and_says_what(
    client: httpx.AsyncClient, body: dict[str, Any], words: str
) -> None:
    response = await client.post(INFER, json=body)

    assert words in await refusal(response, 400)


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 50_000, b"\xff", b'{"inputs": NaN}'])
async def test_what_is_not_json_is_400(client: httpx.AsyncClient, body: bytes) -> None:
    assert (await refusal(await client.post(INFER, content=body), 400)).startswith("body: ")


async def test_more_rows_or_bytes_than_allowed_are_413(client: httpx.AsyncClient) -> None:
    rows = await client.post(INFER, json=asked(shape=[101, 4], data=[1.0] * 404))
    large = await client.post(INFER, content=b" " * 200_001)

    assert await refusal(rows, 413) == "inputs[0].shape: 101 rows, at most 100 fit in one request"
    assert "expected at most 200000 bytes" in await refusal(large, 413)


async def test_v2_describes_the_server_and_the_tensors_of_the_model(client: httpx.AsyncClient) -> None:
    server = (await client.get("/v2")).json()
    model = (await client.get("/v2/models/iris")).json()

    assert server["name"] == "iris-model-server"
    assert server["extensions"] == ["binary_tensor_data", "model_configuration", "statistics"]
    assert model == {
        "name": "iris",
        "versions": ["1.4.0"],
        "platform": "sklearn_folded",
        "inputs": [{"name": "input-0", "datatype": "FP64", "shape": [-1, 4]}],
        "outputs": [
            {"name": "predict", "datatype": "INT64", "shape": [-1]},
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
            {"name": "probabilities", "datatype": "FP64", "shape": [-1, 3]},
        ],
    }


async def test_v2_is_ready_while_a_model_serves_and_does_not_drain(
    client: httpx.AsyncClient, server: Server, settings: Settings
) -> None:
    assert (await client.get("/v2/health/live")).json() == {"live": True}
    assert (await client.get("/v2/health/ready")).json() == {"ready": True}
    assert (await client.get("/v2/models/iris/ready")).json() == {"name": "iris", "ready": True}

    server.serving.draining = True

    for path in ("/v2/health/ready", "/v2/models/iris/ready"):
        await refusal(await client.get(path), 503)
    async with connected(app.create_app(settings, None)) as empty:
        for path in ("/v2/health/ready", "/v2/models/iris/ready", "/v2/models/iris"):
            await refusal(await empty.get(path), 503)
        await refusal(await empty.post(INFER, json=asked()), 503)


async def test_v2_counts_by_template_and_rows_as_every_other_prediction(client: httpx.AsyncClient) -> None:
    await client.post(INFER, json=asked())
    await client.post(INFER, json=asked(data=[]))

    scraped = (await client.get("/metrics")).text
    route = 'method="POST",route="/v2/models/{name}/infer"'
    assert f'http_requests_total{{http_status="200",{route}}} 1.0' in scraped
    assert f'http_requests_total{{http_status="400",{route}}} 1.0' in scraped
    assert 'inference_requests_total{model="iris",status="success",version="1.4.0"} 1.0' in scraped
    assert 'inference_requests_total{model="iris",status="invalid",version="1.4.0"} 1.0' in scraped
    assert 'model="iris",prediction_label="virginica",version="1.4.0"} 2.0' in scraped
    assert 'prediction_confidence_count{model="iris",version="1.4.0"} 4.0' in scraped


@given(content=ANY_JSON | ANY_JSON.map(lambda data: asked(data=data)))
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_json_is_answered_or_refused_in_the_protocols_words(server: Server, content: Any) -> None:
    async with connected(server) as client:
        response = await client.post(INFER, content=json.dumps(content).encode())

    if response.status_code != 200:
        assert await refusal(response, response.status_code)
        assert response.status_code in (400, 413)


async def test_at_once_says_the_same_or_nothing(
    client: httpx.AsyncClient, server: Server, settings: Settings
) -> None:
    protocol = V2(server.serving, Execution(settings), settings.max_batch_rows)
    good, wrong = json.dumps(asked()).encode(), json.dumps(asked(data=[])).encode()

    response = await client.post(INFER, content=good)

    assert protocol.infer_at_once(good) == response.content
    assert protocol.infer_at_once(wrong) is None
    assert V2(Serving(settings, Metrics()), Execution(settings), 9).infer_at_once(good) is None
