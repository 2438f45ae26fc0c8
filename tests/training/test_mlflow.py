"""A real MLflow server: log, alias, import and serve, and what cannot be imported.

Both sides have environments of their own in .local/peers, installed on first use: the server and the models
of others have all of MLflow, ours has only the client that `make mlflow` adds.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from iris_training import data

from tests.model_server import processes

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
PEER = ROOT / ".local/peers/mlflow/bin"
OURS = ROOT / ".local/peers/mlflow-client"
AUTHOR = Path(__file__).with_name("mlflow_author.py")
SECONDS = 300


def run(
    *command: str | Path, folder: Path = ROOT, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    return subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env={**os.environ, **quiet, **(variables or {})},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def done(*command: str | Path) -> str:
    ended = run(*command)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@dataclass(frozen=True, slots=True)
class Registry:
    """A server with models, and scikit-learn's answers of the one that can be imported."""

    url: str
    rows: list[list[float]]
    probabilities: list[list[float]]

    def author(self, step: str, *words: str) -> Any:
        printed = done(PEER / "python", AUTHOR, self.url, step, *words).splitlines()
        return json.loads(printed[-1]) if printed and printed[-1].startswith("{") else None

    def imported(self, model: str, folder: Path, *options: str, **variables: str) -> Any:
        """Our command, ended."""
        (folder / "rows.csv").write_text(data.sample())
        words = ("import", model, "--data", "rows.csv", "--version", "2.0.0", *options)
        variables = {"MLFLOW_TRACKING_URI": self.url, **variables}
        return run(OURS / "bin/iris-training", *words, folder=folder, variables=variables)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        number: int = listener.getsockname()[1]
        return number


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    port = free_port()
    command = [PEER / "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    stores = [
        "--backend-store-uri",
        f"sqlite:///{folder}/db",
        "--artifacts-destination",
        str(folder / "files"),
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*map(str, command), *stores],
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=os.environ
            | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        )
    try:
        url = f"http://127.0.0.1:{port}"
        # It makes its database first: half a minute of CPU time on a small machine.
        processes.until(lambda: _answers(process, url, folder / "log"), seconds=SECONDS)
        yield url
    finally:
        # The server starts workers of its own.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(process: subprocess.Popen[bytes], url: str, log: Path) -> bool | None:
    assert process.poll() is None, log.read_text()
    try:
        return httpx.get(f"{url}/health", trust_env=False).status_code == 200 or None
    except httpx.TransportError:
        return None


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    done("scripts/peers.sh", "mlflow")
    done("scripts/mlflow.sh", OURS)
    with serving(tmp_path_factory.mktemp("mlflow")) as url:
        empty = Registry(url, [], [])
        yield Registry(url, **empty.author("models"))


def test_a_champion_is_imported_and_served_with_scikit_learns_answers(
    registry: Registry, tmp_path: Path
) -> None:
    ended = registry.imported("models:/forest@champion", tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "artifacts/model_pipeline_2.0.0.joblib\n"
    card = json.loads((tmp_path / "artifacts/model_pipeline_2.0.0.json").read_text())
    assert card["training"]["imported"]["model"] == "models:/forest/1"
    assert card["schema"] == 2
    assert len(card["reference"]["rows"]) == 30
    with processes.running(tmp_path / "artifacts", tmp_path, IRIS_PICKLE="Deny") as server:
        answer = httpx.post(f"{server.url}/api/v1/predict/batch", json={"rows": registry.rows}).json()
    found = [share for row in answer["probabilities"] for share in row]
    expected = [share for row in registry.probabilities for share in row]
    assert found == pytest.approx(expected, abs=1e-12)


def test_a_trained_version_is_logged_with_scores_and_a_model_that_mlflow_loads(
    registry: Registry, tmp_path: Path
) -> None:
    words = ("--estimator", "decision-tree", "--version", "3.0.0", "--log-to", registry.url)
    ended = run(OURS / "bin/iris-training", *words, folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "logged as models:/iris/1" in ended.stderr

    logged = registry.author("read")
    assert logged["params"]["estimator"] == "decision-tree"
    assert 0.9 < logged["metrics"]["cross_validated_accuracy"] <= 1
    with processes.running(tmp_path / "artifacts", tmp_path) as server:
        answer = httpx.post(f"{server.url}/api/v1/predict/batch", json={"rows": registry.rows}).json()
    assert answer["probabilities"] == logged["probabilities"]
    again = registry.imported("models:/iris/1", tmp_path)
    assert again.returncode == 0, again.stderr


REFUSED = {
    "no such alias": ("models:/forest@nobody", "alias nobody not found"),
    "no such model": ("models:/nothing/1", "not found"),
    "another flavor": ("models:/other/1", "'flavors xgboost', expected the flavor sklearn"),
    "a file outside": ("models:/outside/1", "'model file ../model.pkl', expected a file beside MLmodel"),
    "no probabilities": (
        "models:/machine/1",
        "'SVC': found 'no classifier with predict_proba', expected a model that can be data; train it with",
    ),
    "other classes": ("models:/mixed/1", "expected setosa, versicolor, virginica or their numbers"),
    "no address": ("forest", "'forest': found no registered model, expected models:/NAME@ALIAS"),
}


@pytest.mark.parametrize(("model", "words"), REFUSED.values(), ids=REFUSED)
def test_an_import_is_refused_in_one_line_for(
    registry: Registry, tmp_path: Path, model: str, words: str
) -> None:
    ended = registry.imported(model, tmp_path)

    assert ended.returncode == 2
    [line] = [line for line in ended.stderr.splitlines() if line.startswith("iris-training: ")]
    assert words in line
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "artifacts").exists()


def test_an_mlflow_server_that_is_down_is_one_line_before_any_training(
    registry: Registry, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    imported = registry.imported("models:/forest@champion", tmp_path, "--from", url)
    trained = run(OURS / "bin/iris-training", "--log-to", url, folder=tmp_path)

    for ended in (imported, trained):
        assert ended.returncode == 2
        assert ended.stderr.splitlines()[-1].endswith(
            f"{url}: found Connection refused, expected an MLflow server that answers and has it"
        )
    assert not (tmp_path / "artifacts").exists()


def test_a_poisoned_model_harms_nothing_outside_the_process_that_opens_it(
    registry: Registry, tmp_path: Path
) -> None:
    """Not in a temporary folder of the system, which that process does not see at all."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        tempfile.TemporaryDirectory(dir=ROOT / ".local") as folder,
        subprocess.Popen(["sleep", "600"]) as neighbour,
    ):
        victim = Path(folder) / "victim"
        victim.write_text("mine")
        registry.author("poison", str(victim), str(listener.getsockname()[1]), str(neighbour.pid))

        ended = registry.imported("models:/poison/1", tmp_path, SECRET="token")

        alive = neighbour.poll() is None
        neighbour.kill()
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
        assert victim.read_text() == "mine"
        assert [path.name for path in Path(folder).iterdir()] == ["victim"]
    assert alive
    assert ended.returncode == 2
    assert "found 'RuntimeError: opened', expected a model that opens" in ended.stderr
    assert not (tmp_path / "artifacts").exists()
