"""Estimators made of trees as plain data: the same answers as scikit-learn, or no data at all."""

import json
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from iris_training import __main__ as command
from iris_training import data, fit, portable, trees
from iris_training.estimators import ESTIMATORS, SCALERS, Recipe
from sklearn.pipeline import Pipeline

DATASET = data.parse(data.sample(), name="sample")
TREES = [name for name in ESTIMATORS if name != "logistic-regression"]
PARAMETERS: dict[str, dict[str, Any]] = {
    "decision-tree": {"max_leaf_nodes": 5},
    "random-forest": {"n_estimators": 15, "min_samples_leaf": 4},
    "extra-trees": {"n_estimators": 15, "max_depth": 3, "class_weight": "balanced"},
    "gradient-boosting": {"n_estimators": 15, "learning_rate": 0.3, "subsample": 0.7},
    "hist-gradient-boosting": {"max_iter": 15, "l2_regularization": 0.5, "max_bins": 16},
}


def fitted_with(recipe: Recipe) -> Pipeline:
    return fit.fit(fit.split(DATASET, name="sample"), recipe, seed=42)


@pytest.mark.parametrize("scaler", SCALERS)
@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("chosen", [False, True], ids=["defaults", "parameters"])
def test_trees_repeat_scikit_learn_on_any_length(name: str, scaler: str, *, chosen: bool) -> None:
    fitted = fitted_with(Recipe(name, PARAMETERS[name] if chosen else {}, scaler))
    chance = np.random.default_rng(11)
    rows = np.concatenate([chance.uniform(0.001, 12, (2000, 4)), chance.integers(1, 1000, (2000, 4)) / 10])

    made = trees.of(fitted)

    assert made is not None
    assert trees.difference(made, fitted, rows) <= 1e-15


def test_a_threshold_is_the_last_double_that_goes_left() -> None:
    fitted = fitted_with(Recipe("decision-tree", {"max_depth": 1}, "standard"))
    made = trees.of(fitted)
    assert made is not None
    (threshold,), (feature,) = made.trees[0].threshold, made.trees[0].feature
    row = np.ones((1, 4))

    row[0, feature] = threshold
    at = fitted.predict_proba(row)
    row[0, feature] = np.nextafter(threshold, np.inf)
    behind = fitted.predict_proba(row)

    assert at.tolist() != behind.tolist()


def test_a_tree_without_splits_is_one_leaf() -> None:
    """Where too few rows would remain on either side, scikit-learn splits nothing."""
    made = trees.of(fitted_with(Recipe("decision-tree", {"min_samples_leaf": 100}, "none")))

    assert made is not None
    assert made.trees[0].feature == ()
    assert trees.predict(made, [(5.1, 3.5, 1.4, 0.2)]).tolist() == [[*made.trees[0].value[0]]]


def test_children_come_behind_their_split_and_every_leaf_once() -> None:
    made = trees.of(fitted_with(Recipe("random-forest", {"max_leaf_nodes": 6}, "none")))

    assert made is not None
    for tree in made.trees:
        children = [*tree.left, *tree.right]
        assert sorted(children) == [
            *range(-len(tree.value), 0),
            *range(1, len(tree.feature)),
        ]
        assert all(child < 0 or child > number % len(tree.left) for number, child in enumerate(children))


def test_training_writes_no_trees_that_differ_from_scikit_learn() -> None:
    fitted = fitted_with(Recipe("gradient-boosting", {"n_estimators": 5}, "none"))
    # After this, the scores do not come from the trees alone.
    fitted["classify"].init_.class_prior_ = np.array([0.1, 0.2, np.nan])

    form = portable.of(fitted, DATASET.rows)

    assert form.trees is None
    assert form.reason is not None
    assert form.reason.startswith("trees: differ from scikit-learn by nan")


def test_training_writes_no_trees_that_are_too_many() -> None:
    rows = np.random.default_rng(5).uniform(0.1, 9, (400, 4))
    labels = np.arange(400) % 3
    noise = fit.Split(rows, labels, rows, labels)

    form = portable.of(
        fit.fit(noise, Recipe("extra-trees", {"n_estimators": 300}, "none"), seed=1), rows.tolist()
    )

    assert form.trees is None
    assert form.reason is not None
    assert "leaves, at most 50000 are written; grow fewer or smaller ones" in form.reason


def test_trees_without_splits_are_too_many_when_a_server_would_not_read_them() -> None:
    stump = trees.Tree((), (), (), (), ((1.0, 0.0, 0.0),))

    assert trees.excess(trees.Trees("mean", (0.0,) * 3, (stump,) * trees.MOST_TREES)) is None
    found = trees.excess(trees.Trees("mean", (0.0,) * 3, (stump,) * (trees.MOST_TREES + 1)))

    assert found is not None
    assert found.startswith("3001 trees, at most 3000 are written; grow fewer or smaller ones")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version of every estimator, as the command writes it."""
    root = tmp_path_factory.mktemp("artifacts")
    for name in ESTIMATORS:
        assert (
            command.main(
                [
                    "--data",
                    str(sample_in(root)),
                    "--output",
                    str(root),
                    "--version",
                    name,
                    "--estimator",
                    name,
                ]
            )
            == 0
        )
    return root


def sample_in(root: Path) -> Path:
    path = root / "sample.csv"
    path.write_text(data.sample())
    return path


@pytest.mark.parametrize("name", ESTIMATORS)
def test_card_of_every_estimator_holds_its_data(folder: Path, name: str) -> None:
    card = json.loads((folder / f"model_pipeline_{name}.json").read_text())
    pipeline = joblib.load(folder / f"model_pipeline_{name}.joblib")

    linear = name == "logistic-regression"
    assert card["schema"] == (1 if linear else 2)
    assert (card["linear"] is None) != linear
    assert ("trees" in card) != linear
    assert card["training"]["estimator"].endswith(ESTIMATORS[name].class_name)
    for one in card["golden"]:
        assert pipeline.predict_proba([one["input"]])[0].tolist() == one["probabilities"]


def test_card_of_a_forest_has_a_line_for_each_tree(folder: Path) -> None:
    lines = (folder / "model_pipeline_random-forest.json").read_text().splitlines()

    assert sum(line.startswith('    {"feature": [') for line in lines) == 100
