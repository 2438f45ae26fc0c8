"""Requests of Open Inference V2, and what its answers and errors must look like."""

from typing import Any

import httpx
from iris_model_server.schemas import FEATURES

from tests.model_server import artifacts

INFER = "/v2/models/iris/infer"
ROWS: list[list[float]] = [[*entry["input"]] for entry in artifacts.GOLDEN]
FLAT = [number for row in ROWS for number in row]
BASE: dict[str, Any] = {"name": "input-0", "shape": [4, 4], "datatype": "FP64", "data": FLAT}
COLUMNS: list[dict[str, Any]] = [
    {"name": name, "shape": [4], "datatype": "FP64", "data": [row[number] for row in ROWS]}
    for number, name in enumerate(FEATURES)
]


def asked(**changes: Any) -> dict[str, Any]:
    return {"inputs": [BASE | changes]}


def outputs(response: httpx.Response) -> dict[str, dict[str, Any]]:
    assert response.status_code == 200, response.text
    return {output["name"]: output for output in response.json()["outputs"]}


async def refusal(response: httpx.Response, status: int) -> str:
    """The protocol's shape of an error: asserted here once for all tests."""
    content: dict[str, str] = response.json()
    assert response.status_code == status, content
    assert list(content) == ["error"]
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"]
    return content["error"]
