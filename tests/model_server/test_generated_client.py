"""A client that a common generator makes from a running server's own OpenAPI document."""

import compileall
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.model_server import processes
from tests.model_server.processes import Running

pytestmark = pytest.mark.process

CALLS = """
import sys
from iris_model_server_client import Client
from iris_model_server_client.api.k_serve_v1 import predict_v1
from iris_model_server_client.api.model import model_info
from iris_model_server_client.api.open_inference_protocol_v2 import infer
from iris_model_server_client.api.predictions import predict, predict_batch
from iris_model_server_client.api.probes import read_metrics
from iris_model_server_client.models import (
    BatchRequest, InferRequest, PredictRequest, PredictV1Request, ProblemDetails, RequestInput,
)

ROW = [5.1, 3.5, 1.4, 0.2]
with Client(sys.argv[1], raise_on_unexpected_status=True) as client:
    info = model_info.sync(client=client)
    one = predict.sync(client=client, body=PredictRequest(*ROW))
    assert info.classes[one.prediction] == one.prediction_label == "setosa"
    batch = predict_batch.sync(client=client, body=BatchRequest([ROW, ROW]))
    assert batch.probabilities == [one.probabilities] * 2
    for data in (ROW * 2, [ROW, ROW]):
        body = InferRequest([RequestInput("input-0", [2, 4], "FP64", data)])
        answer = infer.sync("iris", client=client, body=body)
        outputs = {output.name: output.data for output in answer.outputs}
        assert outputs["label"] == ["setosa"] * 2
        assert outputs["probabilities"] == one.probabilities * 2
    answer = predict_v1.sync("iris", client=client, body=PredictV1Request([ROW]))
    assert answer.predictions == [one.prediction]
    refused = predict.sync(client=client, body=PredictRequest(-1.0, 3.5, 1.4, 0.2))
    assert isinstance(refused, ProblemDetails)
    assert refused.errors[0].field == "sepal_length"
    assert "prediction_distribution_total" in read_metrics.sync(client=client)
"""


def run(*command: str, **variables: str) -> None:
    """In an environment of its own, with the tools of this one."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "PATH": path, **variables},
        capture_output=True,
        text=True,
        timeout=processes.DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_client_generated_from_the_document_compiles_and_predicts(
    either_path: Running, tmp_path: Path
) -> None:
    package = tmp_path / "iris_model_server_client"
    document = f"{either_path.url}/openapi.json"
    options = ("--output-path", str(package), "--meta", "none", "--fail-on-warning")

    run("-m", "openapi_python_client", "generate", "--url", document, *options)

    assert compileall.compile_dir(package, quiet=1)
    run("-W", "error", "-c", CALLS, either_path.url, PYTHONPATH=str(tmp_path))
