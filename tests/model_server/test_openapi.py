"""The OpenAPI document: true, complete, and in words that generators of clients read."""

from typing import Any

import httpx
from iris_model_server.protocols import openapi


async def test_the_document_describes_what_is_really_answered(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    schemas = document["components"]["schemas"]
    real = {
        # Only an unusual flower gets every field.
        "PredictAnswer": await client.post("/api/v1/predict", json=openapi.FLOWER | {"petal_length": 9.0}),
        "BatchAnswer": await client.post("/api/v1/predict/batch", json=openapi.BATCH),
        "ModelInfo": await client.get("/api/v1/model/info"),
        "ReferenceRows": await client.get("/api/v1/model/reference"),
        "Health": await client.get("/api/v1/health"),
        "ProblemDetails": await client.post("/api/v1/predict", json={}),
        "ServerMetadata": await client.get("/v2"),
        "ModelMetadata": await client.get("/v2/models/iris"),
        "ModelConfiguration": await client.get("/v2/models/iris/config"),
        "Statistics": await client.get("/v2/models/stats"),
        "InferAnswer": await client.post("/v2/models/iris/infer", json=openapi.INFER | {"id": "1"}),
        "PredictV1Answer": await client.post("/v1/models/iris:predict", json=openapi.INSTANCES),
        "StandardError": await client.get("/v1/models/other"),
    }
    assert "outside_training_range" not in schemas["PredictAnswer"]["required"]
    for name, response in real.items():
        assert list(response.json()) == list(schemas[name]["properties"])
    assert set(document["paths"]) == {
        "/api/v1/predict",
        "/api/v1/predict/batch",
        "/api/v1/health",
        "/api/v1/model/info",
        "/api/v1/model/reference",
        "/api/v1/model/reload",
        "/livez",
        "/readyz",
        "/metrics",
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/{name}",
        "/v2/models/stats",
        "/v2/models/{name}/ready",
        "/v2/models/{name}/config",
        "/v2/models/{name}/stats",
        "/v2/models/{name}/infer",
        "/v2/models/{name}/versions/{version}",
        "/v2/models/{name}/versions/{version}/ready",
        "/v2/models/{name}/versions/{version}/config",
        "/v2/models/{name}/versions/{version}/stats",
        "/v2/models/{name}/versions/{version}/infer",
        "/v1/models",
        "/v1/models/{name}",
        "/v1/models/{name}:predict",
    }
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    assert {operation["operationId"] for operation in operations} >= {
        "predict",
        "predict_batch",
        "model_info",
    }
    assert schemas["PredictRequest"]["additionalProperties"] is False
    assert schemas["PredictRequest"]["properties"]["petal_width"]["exclusiveMinimum"] == 0


async def test_every_reference_of_the_document_leads_somewhere(client: httpx.AsyncClient) -> None:
    response = await client.get("/openapi.json")

    schemas = response.json()["components"]["schemas"]
    references = [part.split('"')[0] for part in response.text.split('"#/components/schemas/')[1:]]
    assert set(references) <= set(schemas)
    assert "ProblemDetails" in references


async def test_examples_of_the_document_are_true(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    for path, operations in document["paths"].items():
        for body in (
            operation["requestBody"] for operation in operations.values() if "requestBody" in operation
        ):
            example = body["content"]["application/json"]["example"]
            real = path.format(name="iris", version="1.4.0")
            assert (await client.post(real, json=example)).status_code == 200


async def test_every_array_of_the_document_describes_its_items(client: httpx.AsyncClient) -> None:
    """Generators read no `prefixItems` and no schema that is a boolean, and drop arrays without items."""
    found: list[dict[str, Any]] = []

    def collect(part: dict[str, Any]) -> dict[str, Any]:
        found.append(part)
        return part

    (await client.get("/openapi.json")).json(object_hook=collect)

    arrays = [part for part in found if part.get("type") == "array"]
    assert len(arrays) > 20
    assert [part for part in arrays if not isinstance(part.get("items"), dict)] == []
    assert [part for part in found if "prefixItems" in part] == []


async def test_schemas_of_the_document_have_names_that_are_words(client: httpx.AsyncClient) -> None:
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]

    assert [name for name in schemas if not name.isalnum()] == []
    assert [name for name, schema in schemas.items() if schema["title"] != name] == []
