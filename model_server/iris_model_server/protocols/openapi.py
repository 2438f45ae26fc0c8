"""The OpenAPI document: FastAPI lists the paths, our structs give the schemas.

The structs that decode and encode are the only source of the fields.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from iris_model_server import errors, schemas, standard_schemas
from iris_model_server.errors import Kind

TITLE: Final = "Iris model server"
DESCRIPTION: Final = (
    "Predicts the species of an iris from four measurements in centimetres. "
    "Every error is an RFC 9457 problem with what was found and what was expected."
)
FLOWER: Final = dict(zip(schemas.FEATURES, (5.1, 3.5, 1.4, 0.2), strict=True))
SHARES: Final = [0.979042698, 0.0209571427, 1.59128401e-07]
ANSWER: Final = {
    "prediction": 0,
    "prediction_label": "setosa",
    "request_id": "0b9d5c0e6c3f4d6f9b1f0f6f2c9f4f11",
    "model_version": "1.4.0",
    "probabilities": SHARES,
}
BATCH: Final = {"rows": [list(FLOWER.values()), [6.7, 3.0, 5.2, 2.3]]}
INFER: Final = {
    "inputs": [
        {
            "name": "input-0",
            "shape": [2, 4],
            "datatype": "FP64",
            "data": [*FLOWER.values(), 6.7, 3.0, 5.2, 2.3],
        }
    ]
}
INSTANCES: Final = {"instances": BATCH["rows"]}
REQUEST_ID_HEADER: Final = {
    "x-request-id": {
        "description": "The id given with the request, or a new one.",
        "schema": {"type": "string"},
    }
}


def body(shape: type[msgspec.Struct], example: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an operation that describes its request body."""
    content = {"application/json": {"schema": _reference(shape), "example": example}}
    return {"requestBody": {"required": True, "content": content}}


def answers(
    shape: type[msgspec.Struct], *kinds: Kind, example: Mapping[str, Any] | None = None
) -> dict[int | str, dict[str, Any]]:
    """The part of an operation that describes its answer and its errors."""
    success: dict[str, Any] = {"schema": _reference(shape)}
    if example is not None:
        success["example"] = example
    described: dict[int | str, dict[str, Any]] = {
        200: {
            "description": (shape.__doc__ or "").strip(),
            "headers": REQUEST_ID_HEADER,
            "content": {"application/json": success},
        }
    }
    problem = {errors.MEDIA_TYPE: {"schema": _reference(schemas.ProblemDetails)}}
    return described | {kind.status: _refusal(kind, problem) for kind in (*kinds, errors.INTERNAL)}


def standard_answers(shape: type[msgspec.Struct], *kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """The same for a standard protocol with its own form of errors."""
    error = {"application/json": {"schema": _reference(standard_schemas.StandardError)}}
    return answers(shape) | {kind.status: _refusal(kind, error) for kind in (*kinds, errors.INTERNAL)}


def path_parameters(*names: str) -> dict[str, Any]:
    """The part of an operation that describes its path parameters."""
    described = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
    ]
    return {"parameters": described}


def document(app: FastAPI) -> dict[str, Any]:
    """The whole document, built on first use and kept."""
    if app.openapi_schema is None:
        made = get_openapi(title=TITLE, version=app.version, description=DESCRIPTION, routes=app.routes)
        _, components = msgspec.json.schema_components(
            (*schemas.ALL, *standard_schemas.ALL), ref_template="#/components/schemas/{name}"
        )
        made["components"] = {
            **made.get("components", {}),
            "schemas": _without_prefix_items(components),
            "securitySchemes": {"reloadToken": {"type": "http", "scheme": "bearer"}},
        }
        app.openapi_schema = made
    return app.openapi_schema


def _without_prefix_items(schema: Any) -> Any:
    """The same schema in words that generators of clients read: the numbers of a row are all alike."""
    if isinstance(schema, list):
        return [_without_prefix_items(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _without_prefix_items(part) for name, part in schema.items()}
    if "prefixItems" in plain:
        plain["items"] = plain.pop("prefixItems")[0]
    return plain


def _refusal(kind: Kind, content: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": kind.title, "headers": REQUEST_ID_HEADER, "content": content}


def _reference(shape: type[msgspec.Struct]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}
