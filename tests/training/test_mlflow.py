"""A real MLflow server: log, alias, import and serve, and what cannot be imported."""

import json
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.model_server import processes
from tests.training.mlflow_server import OURS, ROOT, Registry, free_port, run, with_models

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with with_models(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


def test_a_champion_is_imported_and_served_with_scikit_learns_answers(
    mlflow: Registry, tmp_path: Path
) -> None:
    ended = mlflow.imported("models:/forest@champion", tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "artifacts/model_pipeline_2.0.0.joblib\n"
    card = json.loads((tmp_path / "artifacts/model_pipeline_2.0.0.json").read_text())
    assert card["training"]["imported"]["model"] == "models:/forest/1"
    assert card["schema"] == 2
    assert len(card["reference"]["rows"]) == 30
    with processes.running(tmp_path / "artifacts", tmp_path, IRIS_PICKLE="Deny") as server:
        answer = httpx.post(f"{server.url}/api/v1/predict/batch", json={"rows": mlflow.rows}).json()
    found = [share for row in answer["probabilities"] for share in row]
    expected = [share for row in mlflow.probabilities for share in row]
    assert found == pytest.approx(expected, abs=1e-12)


def test_a_trained_version_is_logged_with_scores_and_a_model_that_mlflow_loads(
    mlflow: Registry, tmp_path: Path
) -> None:
    words = ("--estimator", "decision-tree", "--version", "3.0.0", "--log-to", mlflow.url)
    ended = run(OURS / "bin/iris-training", *words, folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "logged as models:/iris/1" in ended.stderr

    logged = mlflow.author("read")
    assert logged["params"]["estimator"] == "decision-tree"
    assert 0.9 < logged["metrics"]["cross_validated_accuracy"] <= 1
    with processes.running(tmp_path / "artifacts", tmp_path) as server:
        answer = httpx.post(f"{server.url}/api/v1/predict/batch", json={"rows": mlflow.rows}).json()
    assert answer["probabilities"] == logged["probabilities"]
    again = mlflow.imported("models:/iris/1", tmp_path)
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
    mlflow: Registry, tmp_path: Path, model: str, words: str
) -> None:
    ended = mlflow.imported(model, tmp_path)

    assert ended.returncode == 2
    [line] = [line for line in ended.stderr.splitlines() if line.startswith("iris-training: ")]
    assert words in line
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "artifacts").exists()


def test_an_mlflow_server_that_is_down_is_one_line_before_any_training(
    mlflow: Registry, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    imported = mlflow.imported("models:/forest@champion", tmp_path, "--from", url)
    trained = run(OURS / "bin/iris-training", "--log-to", url, folder=tmp_path)

    for ended in (imported, trained):
        assert ended.returncode == 2
        assert ended.stderr.splitlines()[-1].endswith(
            f"{url}: found Connection refused, expected an MLflow server that answers and has it"
        )
    assert not (tmp_path / "artifacts").exists()


def test_a_poisoned_model_harms_nothing_outside_the_process_that_opens_it(
    mlflow: Registry, tmp_path: Path
) -> None:
    """Not in a temporary folder of the system, which that process does not see at all."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        tempfile.TemporaryDirectory(dir=ROOT / ".local") as folder,
        subprocess.Popen(["sleep", "600"]) as neighbour,
    ):
        victim = Path(folder) / "victim"
        victim.write_text("mine")
        mlflow.author("poison", str(victim), str(listener.getsockname()[1]), str(neighbour.pid))

        ended = mlflow.imported("models:/poison/1", tmp_path, SECRET="token")

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
