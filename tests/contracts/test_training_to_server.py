"""What training writes, the server reads: both commands for real, no file made by hand."""

import json
from pathlib import Path

import httpx
import pytest
from iris_model_server.model import artifact
from iris_model_server.model.model import PipelineModel
from iris_model_server.protocols.openapi import FLOWER, SHARES

from tests.contracts import training
from tests.model_server import processes

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two releases of the same data, as `iris-training` leaves them."""
    root = tmp_path_factory.mktemp("training")
    for version in ("1.4.0", "1.5.0"):
        ended = training.run(root, "--version", version)
        assert ended.returncode == 0, ended.stderr
    return root / "artifacts"


def test_the_server_accepts_what_training_writes_and_folds_it(folder: Path) -> None:
    loaded = artifact.load(folder, "1.4.0")

    assert (loaded.card.version, loaded.model.source) == ("1.4.0", "folded")
    assert loaded.card.classes == ["setosa", "versicolor", "virginica"]


def test_the_same_training_without_folded_weights_answers_the_same(folder: Path, tmp_path: Path) -> None:
    card = json.loads((folder / "model_pipeline_1.4.0.json").read_bytes())
    (tmp_path / "model_pipeline_1.4.0.json").write_text(json.dumps(card | {"linear": None}))
    (tmp_path / "model_pipeline_1.4.0.joblib").write_bytes(
        (folder / "model_pipeline_1.4.0.joblib").read_bytes()
    )

    unfolded, folded = artifact.load(tmp_path), artifact.load(folder, "1.4.0")

    assert isinstance(unfolded.model, PipelineModel)
    rows = [tuple(golden.input) for golden in folded.card.golden]
    pairs = zip(unfolded.model.probabilities(rows), folded.model.probabilities(rows), strict=True)
    assert max(abs(a - b) for left, right in pairs for a, b in zip(left, right, strict=True)) < 1e-12


def test_the_served_answer_is_the_reference(folder: Path, tmp_path: Path) -> None:
    with processes.running(folder, tmp_path, IRIS_EXPECTED_VERSION="1.4.0") as server:
        answer = httpx.post(f"{server.url}/api/v1/predict", json=FLOWER).json()
        info = httpx.get(f"{server.url}/api/v1/model/info").json()

    assert [float(f"{share:.9g}") for share in answer["probabilities"]] == SHARES
    assert answer["model_version"] == info["version"] == "1.4.0"
    card = json.loads((folder / "model_pipeline_1.4.0.json").read_bytes())
    assert info["digest"] == f"sha256:{card['artifact']['sha256']}"


def test_the_served_reference_rows_are_those_that_training_held_back(folder: Path, tmp_path: Path) -> None:
    with processes.running(folder, tmp_path, IRIS_EXPECTED_VERSION="1.4.0") as server:
        served = httpx.get(f"{server.url}/api/v1/model/reference").json()
        answer = httpx.post(f"{server.url}/api/v1/predict/batch", json={"rows": served["rows"]})

    card = json.loads((folder / "model_pipeline_1.4.0.json").read_bytes())
    assert served == card["reference"]
    assert len(answer.json()["prediction"]) == len(served["rows"]) == 30


def test_without_an_expected_version_the_newest_training_serves(folder: Path) -> None:
    created = {
        version: json.loads((folder / f"model_pipeline_{version}.json").read_bytes())["created"]
        for version in ("1.4.0", "1.5.0")
    }

    assert created["1.4.0"] <= created["1.5.0"]
    assert artifact.load(folder).card.version == "1.5.0"
