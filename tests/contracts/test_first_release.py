"""From UCI's file to a served forest, with the commands of the README and no file made by hand."""

import io
import json
import subprocess
import tarfile
from pathlib import Path

import httpx
import joblib
import pytest
from iris_training import data
from iris_training.columns import CLASSES

from tests.contracts import training
from tests.model_server import processes

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[2]
# The newest commit whose server reads cards of schema 1 only.
BEFORE_TREES = "6cbcb45"
FLOWER = [6.1, 2.9, 4.7, 1.4]


def uci(scale: float = 1) -> str:
    """The sample as UCI publishes it: no header, the genus before the species, an empty line at the end."""
    sample = data.parse(data.sample(), name="sample")
    lines = [
        ",".join([*(f"{length * scale:g}" for length in row), f"Iris-{CLASSES[label]}"])
        for row, label in zip(sample.rows, sample.labels, strict=True)
    ]
    return "\n".join([*lines, "", ""])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Releases 1.0.0 and 2.0.0 of UCI's file."""
    folder = tmp_path_factory.mktemp("walk")
    (folder / "iris.data").write_text(uci())
    refused = training.run(folder, "--data", "iris.data")
    assert refused.returncode == 2
    assert "`iris-training import-data iris.data`" in refused.stderr
    for words in (
        ("import-data", "iris.data"),
        ("--version", "1.0.0"),
        ("--version", "2.0.0", "--estimator", "random-forest"),
    ):
        ended = training.run(folder, *words)
        assert ended.returncode == 0, ended.stderr
    (folder / "log").write_text(ended.stderr)
    return folder


def test_the_second_release_is_compared_with_the_first_and_the_log_has_the_interval(home: Path) -> None:
    log = (home / "log").read_text()
    card = json.loads((home / "artifacts/model_pipeline_2.0.0.json").read_text())

    assert "compared with 1.0.0 (StandardScaler + LogisticRegression), both fitted on 150 rows" in log
    found = card["comparison"]["accuracy"]
    assert found["low"] <= found["difference"] <= found["high"]
    assert f"difference {found['difference']:+.4f} (95% interval {found['low']:+.4f} to" in log
    assert "150 rows rarely show a difference in accuracy below" in log


def test_the_forest_is_served_with_scikit_learns_answer_and_without_scikit_learn(
    home: Path, tmp_path: Path
) -> None:
    content = (home / "artifacts/model_pipeline_2.0.0.joblib").read_bytes()
    expected = joblib.load(io.BytesIO(content)).predict_proba([FLOWER])[0].tolist()

    with processes.running(home / "artifacts", tmp_path, IRIS_PICKLE="Deny") as server:
        answer = httpx.post(f"{server.url}/api/v1/predict/batch", json={"rows": [FLOWER]}).json()
        libraries = Path(f"/proc/{server.process.pid}/maps").read_text()

    assert answer["model_version"] == "2.0.0"
    assert answer["probabilities"] == [expected]
    assert "httptools" in libraries
    assert "sklearn" not in libraries


def test_the_same_file_in_millimetres_is_refused_where_releases_are_made(home: Path, tmp_path: Path) -> None:
    (tmp_path / "iris.data").write_text(uci(10))
    assert training.run(tmp_path, "import-data", "iris.data").returncode == 0

    ended = training.run(
        tmp_path, "--strict", "--compare-with", str(home / "artifacts/model_pipeline_2.0.0.json")
    )

    assert ended.returncode == 2
    assert "found lengths that look like millimetres" in ended.stderr
    assert not (tmp_path / "artifacts").exists()


def test_a_server_of_the_release_before_refuses_the_forest_in_one_line(home: Path, tmp_path: Path) -> None:
    archive = ["git", "archive", BEFORE_TREES, "model_server"]
    packed = subprocess.run(archive, cwd=ROOT, capture_output=True, check=False)
    if packed.returncode != 0:
        pytest.skip("a shallow clone has no older server")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
        files.extractall(tmp_path, filter="data")

    ended = processes.refused(home / "artifacts", PYTHONPATH=str(tmp_path / "model_server"))

    assert ended.returncode == 65
    [line] = ended.stderr.splitlines()
    assert "model_pipeline_2.0.0.json: schema: 2, expected 1" in line
