"""A client that others wrote, in an environment of its own, against a real process of ours."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.model_server import artifacts, processes
from tests.model_server.processes import Running

pytestmark = pytest.mark.process

REQUIREMENTS: Final = ("tritonclient[http]==2.73.0", "numpy==2.4.6")
# Speaks to the server as its users do and prints what came back; runs in the other environment.
PROGRAM: Final = """
import json, sys
import numpy as np
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

client = triton.InferenceServerClient(sys.argv[1])
rows = np.array(json.loads(sys.argv[2]))

def tensor(rows, datatype, name="input-0", **more):
    made = triton.InferInput(name, list(rows.shape), datatype)
    made.set_data_from_numpy(rows, **more)
    return made

def infer(rows, datatype, **more):
    return client.infer("iris", [tensor(rows, datatype, binary_data=False)], **more)

def plain(result):
    labels = [label.decode() for label in result.as_numpy("label").tolist()]
    return [result.as_numpy("predict").tolist(), labels, result.as_numpy("probabilities").tolist()]

def refused(call):
    try:
        call()
    except InferenceServerException as error:
        return [error.status(), error.message()]

whole = infer(rows, "FP64", request_id="mine")
wanted = [triton.InferRequestedOutput("label", binary_data=False)]
narrow = infer(rows.astype(np.float32), "FP32", outputs=wanted, model_version="1.4.0")
names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
columns = [tensor(rows[:, number].copy(), "FP64", name) for number, name in enumerate(names)]
many = np.tile(rows, (1000, 1))
gzip = {"request_compression_algorithm": "gzip", "response_compression_algorithm": "gzip"}
print(json.dumps({
    "defaults": plain(client.infer("iris", [tensor(rows, "FP64")])),
    "columns": plain(client.infer("iris", columns)),
    "rounded": [
        plain(client.infer("iris", [tensor(np.ceil(rows).astype(kind), name)]))
        for kind, name in zip(
            (np.float64, np.float16, np.int64, np.int32), ("FP64", "FP16", "INT64", "INT32"), strict=True
        )
    ],
    "many": [
        client.infer("iris", [tensor(many, "FP64")], **more).as_numpy("predict").tolist()
        for more in ({}, gzip, {"request_compression_algorithm": "deflate"})
    ],
    "config": client.get_model_config("iris", "1.4.0"),
    "statistics": [
        client.get_inference_statistics(*named)["model_stats"][0]["name"]
        for named in ((), ("iris",), ("iris", "1.4.0"))
    ],
    "live": client.is_server_live(),
    "ready": [client.is_server_ready(), *(client.is_model_ready("iris", number) for number in ("", "1.4.0"))],
    "other_ready": client.is_model_ready("other"),
    "server": client.get_server_metadata()["name"],
    "model": client.get_model_metadata("iris"),
    "id": whole.get_response()["id"],
    "predict": whole.as_numpy("predict").tolist(),
    "shape": list(whole.as_numpy("probabilities").shape),
    "probabilities": whole.as_numpy("probabilities").tolist(),
    "label": [str(label) for label in narrow.as_numpy("label")],
    "outputs": [output["name"] for output in narrow.get_response()["outputs"]],
    "refused": refused(lambda: infer(-rows, "FP64")),
    "unknown": refused(lambda: client.get_model_metadata("other")),
}))
"""


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter of an environment with the client, made once for these versions and kept."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "iris-model-operator"
    digest = hashlib.sha256(f"{sys.version} {REQUIREMENTS}".encode()).hexdigest()[:12]
    home = cache / f"foreign-client-{digest}"
    interpreter = home / "bin" / "python"
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", home], check=True, timeout=300)
        uv = shutil.which("uv")
        pip = [str(interpreter), "-m", "pip", "install"]
        install = [uv, "pip", "install", "--python", str(interpreter)] if uv else pip
        subprocess.run([*install, "--quiet", *REQUIREMENTS], check=True, timeout=600)
        (home / "complete").touch()
    return interpreter


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    scratch = tmp_path_factory.mktemp("foreign")
    with processes.running(artifacts.write(scratch / "model"), scratch) as started:
        yield started


@pytest.fixture(scope="module")
def answers(python: Path, server: Running) -> dict[str, Any]:
    rows = json.dumps([entry["input"] for entry in artifacts.GOLDEN])
    ended = subprocess.run(
        [python, "-c", PROGRAM, server.url.removeprefix("http://"), rows],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    parsed: dict[str, Any] = json.loads(ended.stdout)
    return parsed


def test_the_foreign_client_finds_the_server_and_its_model_ready(answers: dict[str, Any]) -> None:
    assert answers["live"]
    assert answers["ready"] == [True, True, True]
    assert not answers["other_ready"]
    assert answers["server"] == "iris-model-server"
    assert answers["model"]["versions"] == ["1.4.0"]


def test_the_foreign_client_reads_every_output_as_arrays(answers: dict[str, Any]) -> None:
    assert answers["id"] == "mine"
    assert answers["predict"] == [0, 1, 2, 2]
    assert answers["shape"] == [4, 3]
    for found, entry in zip(answers["probabilities"], artifacts.GOLDEN, strict=True):
        assert found == pytest.approx(entry["probabilities"], abs=1e-12)


def test_the_foreign_client_gets_the_output_and_version_it_asked_for(answers: dict[str, Any]) -> None:
    assert answers["label"] == ["setosa", "versicolor", "virginica", "virginica"]
    assert answers["outputs"] == ["label"]


def test_the_foreign_client_sends_and_reads_binary_tensors_by_default(answers: dict[str, Any]) -> None:
    classes, labels, probabilities = answers["defaults"]
    assert classes == answers["predict"]
    assert labels == ["setosa", "versicolor", "virginica", "virginica"]
    assert probabilities == answers["probabilities"]
    assert answers["columns"] == answers["defaults"]
    first, *others = answers["rounded"]
    assert others == [first] * 3


def test_the_foreign_client_sends_and_reads_large_batches_in_gzip(answers: dict[str, Any]) -> None:
    assert answers["many"] == [answers["predict"] * 1000] * 3


def test_the_foreign_client_reads_configuration_and_statistics(answers: dict[str, Any]) -> None:
    assert answers["config"]["input"] == [{"name": "input-0", "data_type": "TYPE_FP64", "dims": [-1, 4]}]
    assert answers["statistics"] == ["iris"] * 3


def test_the_foreign_client_reads_our_refusals(answers: dict[str, Any]) -> None:
    status, words = answers["refused"]
    assert (status, "Expected `float` > 0.0" in words) == ("400", True)
    assert answers["unknown"] == ["404", "model: other, expected iris"]
