"""Serves the same pipeline with LitServe, in its own venv. Arguments: port, joblib."""

import sys
from typing import Any

import joblib
import litserve
from fastapi import Request


class Iris(litserve.LitAPI):  # type: ignore[misc]  # litserve is not in this environment
    """The pipeline as LitServe's documentation shows it."""

    def setup(self, device: str) -> None:  # noqa: ARG002  # its signature
        self.pipeline = joblib.load(sys.argv[2])

    # LitServe decodes the body by this annotation: any JSON.
    def decode_request(self, request: Request, **_: Any) -> Any:
        return request["instances"]

    def predict(self, rows: Any, **_: Any) -> Any:
        return self.pipeline.predict_proba(rows)

    def encode_response(self, probabilities: Any, **_: Any) -> Any:
        return {"predictions": probabilities.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Iris(), accelerator="cpu", workers_per_device=1)
    server.run(port=int(sys.argv[1]), num_api_servers=1, log_level="error", generate_client_file=False)
