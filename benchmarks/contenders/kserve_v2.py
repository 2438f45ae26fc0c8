"""Serves the same pipeline with KServe V2, logging off, in its own venv. Arguments: port, joblib."""

import sys
from typing import Any

import joblib
from kserve import InferOutput, InferResponse, Model, ModelServer


class Iris(Model):  # type: ignore[misc]  # kserve is not in this environment
    """The pipeline as a model of the Open Inference Protocol."""

    def load(self) -> bool:
        self.pipeline = joblib.load(sys.argv[2])
        self.ready = True
        return True

    def predict(self, payload: Any, *_: Any, **__: Any) -> Any:
        probabilities = self.pipeline.predict_proba(payload.inputs[0].as_numpy())
        binary = any(output.binary_data for output in payload.request_outputs or ())
        output = InferOutput("probabilities", list(probabilities.shape), "FP64")
        output.set_data_from_numpy(probabilities, binary_data=binary)
        return InferResponse(payload.id or "1", "iris", [output], use_binary_outputs=binary)


if __name__ == "__main__":
    model = Iris("iris")
    model.load()
    server = ModelServer(
        http_port=int(sys.argv[1]), enable_grpc=False, workers=1, enable_latency_logging=False
    )
    server.start([model])
