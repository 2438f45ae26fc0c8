"""The router's bypass: predictions reach their endpoints without the framework."""

import httpx
import pytest
from iris_model_server.app import Server
from iris_model_server.fastpath import bypass
from iris_model_server.protocols.openapi import BATCH, FLOWER


@pytest.mark.parametrize(
    ("path", "body"), [("/api/v1/predict", FLOWER), ("/api/v1/predict/batch", BATCH)], ids=["one", "batch"]
)
async def test_the_bypass_answers_predictions_without_the_framework(
    server: Server, path: str, body: dict[str, object]
) -> None:
    # A framework without any route would answer 404.
    server.app.router.routes.clear()
    transport = httpx.ASGITransport(app=bypass.around(server))

    async with httpx.AsyncClient(transport=transport, base_url="http://iris") as client:
        predicted, other = await client.post(path, json=body), await client.get("/livez")

    assert (predicted.status_code, other.status_code) == (200, 404)
