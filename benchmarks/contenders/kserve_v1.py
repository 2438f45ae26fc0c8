"""Serves the same pipeline with KServe V1, logging off, in its own venv. Arguments: port, joblib."""

import sys
from typing import Any

import joblib
from kserve import Model, ModelServer


class Iris(Model):  # type: ignore[misc]  # kserve is not in this environment
    """The pipeline as KServe's documentation shows it."""

    def load(self) -> bool:
        self.pipeline = joblib.load(sys.argv[2])
        self.ready = True
        return True

    def predict(self, payload: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        return {"predictions": self.pipeline.predict_proba(payload["instances"]).tolist()}


if __name__ == "__main__":
    model = Iris("iris")
    model.load()
    server = ModelServer(
        http_port=int(sys.argv[1]), enable_grpc=False, workers=1, enable_latency_logging=False
    )
    server.start([model])
