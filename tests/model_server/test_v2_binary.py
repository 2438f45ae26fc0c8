"""Binary tensors of Open Inference V2, as Triton's binary tensor data extension describes them."""

import json
import math
import struct
from typing import Any, Final

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from iris_model_server import app
from iris_model_server.app import Server
from iris_model_server.schemas import FEATURES
from iris_model_server.settings import Settings

from tests.model_server.conftest import connected
from tests.model_server.v2_requests import INFER, ROWS, asked, outputs, refusal

HEADER: Final = "inference-header-content-length"
TYPES: Final = {"FP64": "<f8", "FP32": "<f4", "FP16": "<f2", "INT64": "<i8", "INT32": "<i4"}
TABLE: Final = np.array(ROWS)
BINARY: Final = {"parameters": {"binary_data_output": True}}


def tensor(rows: Any, datatype: str = "FP64", name: str = "input-0") -> tuple[dict[str, Any], bytes]:
    """One tensor: its part of the JSON object, and its bytes."""
    content = np.asarray(rows).astype(TYPES[datatype]).tobytes()
    size = {"binary_data_size": len(content)}
    return {
        "name": name,
        "shape": list(np.shape(rows)),
        "datatype": datatype,
        "parameters": size,
    }, content


async def infer(
    client: httpx.AsyncClient, *tensors: tuple[dict[str, Any], bytes], **more: Any
) -> httpx.Response:
    text = json.dumps({"inputs": [one for one, _ in tensors], **more}).encode()
    content = text + b"".join(content for _, content in tensors)
    return await client.post(INFER, content=content, headers={HEADER: str(len(text))})


def unpacked(response: httpx.Response) -> dict[str, list[Any]]:
    """The binary outputs of an answer."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/octet-stream"
    length = int(response.headers[HEADER])
    rest = response.content[length:]
    found: dict[str, list[Any]] = {}
    for output in json.loads(response.content[:length])["outputs"]:
        if "parameters" not in output:
            continue
        assert "data" not in output
        size = output["parameters"]["binary_data_size"]
        data, rest = rest[:size], rest[size:]
        if output["datatype"] == "BYTES":
            found[output["name"]] = _texts(data)
            continue
        numbers = np.frombuffer(data, TYPES[output["datatype"]])
        assert len(numbers) == math.prod(output["shape"])
        found[output["name"]] = numbers.tolist()
    assert rest == b""
    return found


def _texts(data: bytes) -> list[str]:
    texts = []
    while data:
        (length,) = struct.unpack_from("<I", data)
        texts.append(data[4 : 4 + length].decode())
        data = data[4 + length :]
    return texts


@pytest.mark.parametrize("datatype", TYPES)
async def test_a_binary_tensor_means_the_same_numbers_in_json(
    client: httpx.AsyncClient, datatype: str
) -> None:
    rows = np.ceil(TABLE) if datatype.startswith("INT") else TABLE
    # What is left of the numbers in this datatype: FP16 has about three digits.
    exact = rows.astype(TYPES[datatype]).astype(float).ravel().tolist()
    usual = outputs(await client.post(INFER, json=asked(data=exact)))

    assert outputs(await infer(client, tensor(rows, datatype))) == usual


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
async def test_v2_takes_a_binary_tensor_for_each_column(
    client: httpx.AsyncClient, shape: tuple[int, ...]
) -> None:
    usual = outputs(await client.post(INFER, json=asked()))
    columns = [tensor(TABLE[:, number].reshape(shape), name=name) for number, name in enumerate(FEATURES)]
    in_json = {"name": "sepal_width", "shape": [4], "datatype": "FP64", "data": TABLE[:, 1].tolist()}

    assert outputs(await infer(client, *columns[::-1])) == usual
    assert outputs(await infer(client, columns[0], (in_json, b""), *columns[2:])) == usual


async def test_v2_answers_outputs_in_binary_where_asked(client: httpx.AsyncClient) -> None:
    usual = {name: output["data"] for name, output in outputs(await client.post(INFER, json=asked())).items()}
    wanted = [{"name": "label", "parameters": {"binary_data": True}}, {"name": "predict"}]
    but_one = [{"name": "label"}, {"name": "predict", "parameters": {"binary_data": False}}]

    assert unpacked(await infer(client, tensor(TABLE), **BINARY)) == usual
    assert unpacked(await client.post(INFER, json=asked() | BINARY)) == usual
    for some in (
        await infer(client, tensor(TABLE), outputs=wanted),
        await infer(client, tensor(TABLE), outputs=but_one, **BINARY),
    ):
        assert unpacked(some) == {"label": usual["label"]}
        text = json.loads(some.content[: int(some.headers[HEADER])])
        (in_json,) = (output for output in text["outputs"] if output["name"] == "predict")
        assert in_json["data"] == usual["predict"]


async def test_bytes_alone_are_rows_of_fp64_and_answered_in_binary(client: httpx.AsyncClient) -> None:
    usual = outputs(await client.post(INFER, json=asked()))

    alone = await client.post(INFER, content=tensor(TABLE)[1], headers={HEADER: "0"})

    assert unpacked(alone)["probabilities"] == usual["probabilities"]["data"]
    for size in (0, 33, 200):
        broken = await client.post(INFER, content=b"\1" * size, headers={HEADER: "0"})
        assert "inputs[0].parameters.binary_data_size" in await refusal(broken, 400)


async def test_a_large_binary_request_answers_what_its_rows_answer_in_json(
    settings: Settings, server: Server
) -> None:
    rows = 0.1 + np.arange(80_000).reshape(-1, 4) % 79 / 10
    roomy = settings.model_copy(update={"max_body_bytes": 10_000_000, "max_batch_rows": 100_000})

    async with connected(app.create_app(roomy, server.serving.loaded().artifact)) as client:
        # Twice: before and after numpy is loaded.
        for _ in range(2):
            large = unpacked(await infer(client, tensor(rows), **BINARY))
        columns = [tensor(rows[:, number], name=name) for number, name in enumerate(FEATURES)]
        by_column = unpacked(await infer(client, *columns, **BINARY))
        text = outputs(await client.post(INFER, json=asked(shape=[20_000, 4], data=rows.ravel().tolist())))
        for place in (0, 40_001, 79_999):
            wrong = rows.copy()
            wrong.flat[place] = math.nan
            detail = await refusal(await infer(client, tensor(wrong)), 400)
            assert detail == f"inputs[0]: binary number {place}: nan, expected {MEASUREMENT}"

    assert large == by_column
    for name, output in text.items():
        if name == "probabilities":
            assert large[name] == pytest.approx(output["data"], abs=1e-12)
        else:
            assert large[name] == output["data"]


MEASUREMENT: Final = "a number greater than 0 and at most 100"
GOOD: Final = tensor(TABLE)
WRONG: Final[dict[str, tuple[Any, bytes, str | None, str]]] = {
    "truncated": ({}, GOOD[1][:-1], None, "body: 127 bytes after the JSON object, expected 128, the sum of"),
    "too long": ({}, GOOD[1] + b"x", None, "body: 129 bytes after the JSON object, expected 128, the sum of"),
    "no bytes": ({}, b"", None, "body: 0 bytes after the JSON object, expected 128, the sum of"),
    "size of others": (
        {"parameters": {"binary_data_size": 64}},
        GOOD[1],
        None,
        "inputs[0].parameters.binary_data_size: 64, expected 128 for FP64 of the shape [4, 4]",
    ),
    "size is text": ({"parameters": {"binary_data_size": "128"}}, GOOD[1], None, "binary_data_size: 128,"),
    "size below zero": ({"parameters": {"binary_data_size": -128}}, GOOD[1], None, "-128, expected 128"),
    "shape of others": ({"shape": [2, 4]}, GOOD[1], None, "128, expected 64 for FP64 of the shape [2, 4]"),
    "both kinds": ({"data": [1.0]}, GOOD[1], None, "inputs[0]: data and parameters.binary_data_size, exp"),
    "zero": ({}, GOOD[1][:-8] + bytes(8), None, f"inputs[0]: binary number 15: 0.0, expected {MEASUREMENT}"),
    "infinite": ({}, struct.pack("<d", math.inf) + GOOD[1][8:], None, "binary number 0: inf, expected"),
    "another datatype": ({"datatype": "BF16"}, GOOD[1], None, "inputs[0].datatype: BF16, expected FP64"),
    "header too long": ({}, GOOD[1], "9999", f"{HEADER}: 9999, expected at most"),
    "header is text": ({}, GOOD[1], "x", f"{HEADER}: x, expected the length of the JSON object in bytes"),
    "header below zero": ({}, GOOD[1], "-1", f"{HEADER}: -1, expected the length of the JSON object"),
    "header too short": ({}, GOOD[1], "5", "body: "),
}


@pytest.mark.parametrize(("changes", "content", "length", "words"), WRONG.values(), ids=WRONG)
async def test_a_wrong_binary_request_is_400_in_one_line(
    client: httpx.AsyncClient, changes: dict[str, Any], content: bytes, length: str | None, words: str
) -> None:
    text = json.dumps({"inputs": [GOOD[0] | changes]}).encode()

    response = await client.post(INFER, content=text + content, headers={HEADER: length or str(len(text))})

    detail = await refusal(response, 400)
    assert words in detail
    assert "\n" not in detail


async def test_binary_data_without_the_length_of_the_json_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post(INFER, json={"inputs": [GOOD[0]]})

    assert await refusal(response, 400) == f"{HEADER}: nothing, expected the length of the JSON object"


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_bytes_are_answered_or_refused(server: Server, data: st.DataObject) -> None:
    """A good request in which lengths, sizes and bytes are changed."""
    names = data.draw(st.sampled_from([["input-0"], [*FEATURES], [*FEATURES[:3]]]))
    sizes = st.sampled_from([128, 32, 16, 0, -1, 2**63, True, None, "32", 64.0])
    inputs = [
        {
            "name": name,
            "shape": data.draw(st.sampled_from([[4, 4], [4], [4, 1], [], [-1, 4], [2**40, 4]])),
            "datatype": data.draw(st.sampled_from([*TYPES, "BYTES"])),
            "parameters": {"binary_data_size": data.draw(sizes)},
        }
        for name in names
    ]
    asks = {"inputs": inputs, "parameters": {"binary_data_output": data.draw(st.sampled_from([True, 0]))}}
    text = json.dumps(asks).encode()
    length = data.draw(st.sampled_from([len(text), len(text) + 1, 0, 10**17, -5]))
    content = data.draw(st.sampled_from([GOOD[1], GOOD[1][:64], b""]) | st.binary(max_size=200))

    async with connected(server) as client:
        response = await client.post(INFER, content=text + content, headers={HEADER: str(length)})

    if response.status_code != 200:
        assert "\n" not in await refusal(response, response.status_code)
        assert response.status_code in (400, 413)
