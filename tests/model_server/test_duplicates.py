"""A name that comes twice in a body of the standard protocols is refused, as on the native paths."""

import io
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from iris_model_server import app
from iris_model_server.model import artifact
from iris_model_server.settings import Settings

from tests.model_server.conftest import connected

ROW = [5.1, 3.5, 1.4, 0.2]
TENSOR = {"name": "input-0", "shape": [1, 4], "datatype": "FP64", "data": ROW}
V1 = "/v1/models/iris:predict"
V2 = "/v2/models/iris/infer"


def infer(tensor: str, rest: str = "") -> str:
    return f'{{"inputs": [{tensor}]{rest}}}'


GOOD = json.dumps(TENSOR)


@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        (V1, '{"instances": [[1, 1, 1, 1]], "instances": [[5.1, 3.5, 1.4, 0.2]]}', "instances"),
        (V1, '{"\\u0069nstances": [[1, 1, 1, 1]], "instances": [[5.1, 3.5, 1.4, 0.2]]}', "instances"),
        (V2, infer(GOOD, f', "inputs": [{GOOD}]'), "inputs"),
        (V2, infer(GOOD, ', "id": "a", "id": "b"'), "id"),
        (V2, infer(GOOD.replace("{", '{"data": [1, 1, 1, 1], ', 1)), "data"),
        (V2, infer(GOOD.replace("{", '{"n\\u0061me": "x", ', 1)), "name"),
        (V2, infer(GOOD, ', "outputs": [{"name": "label", "name": "predict"}]'), "name"),
        (V2, infer(GOOD.replace('"name": "input-0", ', '"shape": [9, 4], "name": "input-0", ')), "shape"),
        (V2, infer(GOOD.replace("{", '{"datatype": "data", ', 1)), "datatype"),
        (V2, infer(GOOD, ', "outputs": null, "outputs": [{"name": "label"}]'), "outputs"),
    ],
)
async def test_a_name_that_comes_twice_is_refused_by_v1_and_v2(
    client: httpx.AsyncClient, path: str, body: str, name: str
) -> None:
    response = await client.post(path, content=body)

    assert response.status_code == 400
    assert response.json()["error"] == f"{name}: 2 times, expected once"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (V1, '{"instances": [[5.1, 3.5, 1.4, 0.2]], "signature_name": "instances"}'),
        (
            V2,
            infer(
                GOOD,
                ', "parameters": {"data": "\\u00e9"}, "outputs": [{"name": "label"}, {"name": "predict"}]',
            ),
        ),
    ],
)
async def test_a_name_that_comes_once_in_each_object_is_accepted(
    client: httpx.AsyncClient, path: str, body: str
) -> None:
    assert (await client.post(path, content=body)).status_code == 200


@pytest.fixture
async def roomy(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that takes large bodies."""
    settings = settings.model_copy(update={"max_body_bytes": 10_000_000, "max_batch_rows": 100_000})
    async with connected(
        app.create_app(settings, artifact.load(settings.artifact_dir), io.BytesIO())
    ) as opened:
        yield opened


@pytest.mark.parametrize(
    ("tail", "status"), [("", 200), (', "id": "\\u00e9"', 200), (', "id": "a", "id": "b"', 400)]
)
async def test_a_large_body_is_refused_only_with_a_name_twice(
    roomy: httpx.AsyncClient, tail: str, status: int
) -> None:
    large = json.dumps(TENSOR | {"shape": [20_000, 4], "data": ROW * 20_000})

    assert (await roomy.post(V2, content=infer(large, tail))).status_code == status


async def test_a_large_body_with_its_numbers_twice_is_refused(roomy: httpx.AsyncClient) -> None:
    large = json.dumps({"instances": [ROW] * 20_000})[:-1] + ', "instances": [[1, 1, 1, 1]]}'

    assert (await roomy.post(V1, content=large)).status_code == 400
