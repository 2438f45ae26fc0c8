"""What Triton's clients ask beside predictions: configuration and statistics."""

import time

import httpx
import pytest
from iris_model_server import app
from iris_model_server.app import Server
from iris_model_server.settings import Settings

from tests.model_server.conftest import connected
from tests.model_server.v2_requests import INFER, asked, refusal


@pytest.mark.parametrize("version", ["", "/versions/1.4.0"])
async def test_the_configuration_has_the_models_tensors(client: httpx.AsyncClient, version: str) -> None:
    configuration = (await client.get(f"/v2/models/iris{version}/config")).json()

    assert configuration == {
        "name": "iris",
        "platform": "sklearn_folded",
        "max_batch_size": 0,
        "input": [{"name": "input-0", "data_type": "TYPE_FP64", "dims": [-1, 4]}],
        "output": [
            {"name": "predict", "data_type": "TYPE_INT64", "dims": [-1]},
            {"name": "label", "data_type": "TYPE_STRING", "dims": [-1]},
            {"name": "probabilities", "data_type": "TYPE_FP64", "dims": [-1, 3]},
        ],
    }


@pytest.mark.parametrize("path", ["iris/stats", "iris/versions/1.4.0/stats", "stats"])
async def test_statistics_count_requests_and_rows(client: httpx.AsyncClient, path: str) -> None:
    before = (await client.get(f"/v2/models/{path}")).json()["model_stats"]
    began = time.time()
    await client.post(INFER, json=asked())
    await client.post(INFER, json=asked(data=[]))
    await client.post("/api/v1/predict/batch", json={"rows": [[5.1, 3.5, 1.4, 0.2]] * 20})

    (stats,) = (await client.get(f"/v2/models/{path}")).json()["model_stats"]

    assert [one["last_inference"] for one in before] == [0]
    assert (stats["name"], stats["version"]) == ("iris", "1.4.0")
    assert (stats["inference_count"], stats["execution_count"]) == (24, 2)
    assert stats["inference_stats"]["success"]["count"] == 2
    assert stats["inference_stats"]["success"]["ns"] > 0
    assert stats["inference_stats"]["fail"] == {"count": 1, "ns": 0}
    assert began - 1 <= stats["last_inference"] / 1000 <= time.time() + 1


@pytest.mark.parametrize("path", ["config", "stats"])
async def test_another_model_or_version_is_404(client: httpx.AsyncClient, path: str) -> None:
    assert await refusal(await client.get(f"/v2/models/other/{path}"), 404)
    assert await refusal(await client.get(f"/v2/models/iris/versions/9/{path}"), 404)


async def test_a_model_named_stats_keeps_its_own_page(settings: Settings, server: Server) -> None:
    named = settings.model_copy(update={"model_name": "stats"})

    async with connected(app.create_app(named, server.serving.loaded().artifact)) as client:
        assert (await client.get("/v2/models/stats")).json()["name"] == "stats"
        assert len((await client.get("/v2/models/stats/stats")).json()["model_stats"]) == 1
