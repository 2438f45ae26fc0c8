"""Serves the same pipeline with Ray Serve, in its own venv. Arguments: port, joblib."""

import signal
import sys
from typing import Any

import joblib
import ray
from ray import serve


@serve.deployment(num_replicas=1)
class Iris:
    """The pipeline as Ray's documentation shows it."""

    def __init__(self, file: str) -> None:
        self.pipeline = joblib.load(file)

    async def __call__(self, request: Any) -> Any:
        rows = (await request.json())["instances"]
        return {"predictions": self.pipeline.predict_proba(rows).tolist()}


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    serve.run(Iris.bind(sys.argv[2]))  # type: ignore[attr-defined]  # ray is not in this environment
    signal.pause()
