"""Estimators made of trees, from training to the server: scikit-learn's answers to the digit."""

import hashlib
import io
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from iris_model_server.model import artifact as served
from iris_model_server.model import tree_card
from iris_training import artifact, data, export, trees
from iris_training.estimators import ESTIMATORS, SCALERS, Recipe
from iris_training.settings import Settings
from iris_training.source import Source

TREES = [name for name in ESTIMATORS if name != "logistic-regression"]
LOADS = """
import sys
from pathlib import Path
from iris_model_server.model import artifact
artifact.load(Path(sys.argv[1])).model.probabilities_of((5.1, 3.5, 1.4, 0.2))
print(*(name for name in ("joblib", "numpy", "sklearn") if name in sys.modules))
"""
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def built(folder: Path, recipe: Recipe) -> Any:
    """The folder gets a version, as the command writes it; the pipeline is its joblib."""
    settings = Settings(Path("data.csv"), folder, "2.0.0", 42, NOW, recipe)
    text = data.sample()
    origin = Source("data.csv", text, hashlib.sha256(text.encode()).hexdigest())
    files = artifact.build(origin, data.parse(text, name="data.csv"), settings)
    export.save(files, folder, export.Disk())
    return joblib.load(io.BytesIO(files["model_pipeline_2.0.0.joblib"]))


@pytest.mark.parametrize("name", TREES)
def test_the_server_answers_as_scikit_learn_without_it(name: str, tmp_path: Path) -> None:
    scaler = [*SCALERS][TREES.index(name) % len(SCALERS)]
    pipeline = built(tmp_path, Recipe(name, {}, scaler))
    chance = np.random.default_rng(5)
    rows = np.concatenate([chance.uniform(0.001, 12, (300, 4)), chance.integers(1, 100, (300, 4)) / 10])

    model = served.load(tmp_path, "2.0.0").model

    assert model.source == "trees"
    found = np.array(model.probabilities([tuple(row) for row in rows.tolist()]))
    assert np.abs(found - pipeline.predict_proba(rows)).max() < 1e-14


def test_training_writes_as_many_trees_and_leaves_as_the_server_reads() -> None:
    assert (trees.MOST_TREES, trees.MOST_LEAVES) == (tree_card.MOST_TREES, tree_card.MOST_LEAVES)


@pytest.mark.process
def test_trees_serve_without_the_libraries_that_made_them(tmp_path: Path) -> None:
    built(tmp_path, Recipe("random-forest", {"n_estimators": 10}, "none"))

    ended = subprocess.run(
        [sys.executable, "-c", LOADS, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True
    )

    assert ended.stdout == "\n"
