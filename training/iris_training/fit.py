"""Typed rows to a fitted pipeline. Pure: the seed is an argument, nothing is read or written."""

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import preprocessing
from sklearn.pipeline import Pipeline

from iris_training import holdout
from iris_training.columns import CLASSES
from iris_training.data import Dataset
from iris_training.errors import Invalid
from iris_training.estimators import SCALERS, Recipe

# BLAS selects its kernels by processor; on the sample their results differ by up to 1.8e-15. Without
# rounding, the same data and libraries would give another digest on another machine.
SETTLED_DECIMALS = 12


@dataclass(frozen=True, slots=True)
class Split:
    """The rows for fitting and the rows held back for the test."""

    fitted_rows: NDArray[np.float64]
    fitted_labels: NDArray[np.int64]
    held_rows: NDArray[np.float64]
    held_labels: NDArray[np.int64]


def split(dataset: Dataset, *, name: str) -> Split:
    """Hold back about a fifth, by the rows' own values."""
    order = np.random.RandomState(holdout.SAMPLE_SEED).permutation(len(dataset.rows))
    held = np.array(holdout.held(dataset.rows))[order]
    fitted_at, held_at = order[~held], order[held]
    lengths, classes = rows(dataset), labels(dataset)
    for index, label in enumerate(CLASSES):
        if index not in classes[fitted_at]:
            found = f"every row of {label} held back for the test"
            raise Invalid(name, found, f"more rows of {label}, of other lengths")
    return Split(lengths[fitted_at], classes[fitted_at], lengths[held_at], classes[held_at])


def pipeline(recipe: Recipe, *, seed: int) -> Pipeline:
    """The scaler, if any, and the estimator, not fitted."""
    kind = recipe.kind
    arguments: dict[str, Any] = {**kind.fixed, **recipe.parameters}
    if kind.random:
        arguments["random_state"] = seed
    classify = getattr(importlib.import_module(kind.module), kind.class_name)(**arguments)
    scaler = SCALERS[recipe.scaler]
    scale = [] if scaler is None else [("scale", getattr(preprocessing, scaler)())]
    return Pipeline([*scale, ("classify", classify)])


def fit(parts: Split, recipe: Recipe, *, seed: int) -> Pipeline:
    """The pipeline, fitted; its columns of probabilities are in the order of CLASSES."""
    fitted = pipeline(recipe, seed=seed).fit(parts.fitted_rows, parts.fitted_labels)
    classifier = fitted["classify"]
    if hasattr(classifier, "coef_"):
        classifier.coef_ = _settled(classifier.coef_)
        classifier.intercept_ = _settled(classifier.intercept_)
    return fitted


def _settled(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the digits in which processor families differ; adding 0.0 turns -0.0 into 0.0."""
    return np.round(numbers, SETTLED_DECIMALS) + 0.0


def rows(dataset: Dataset) -> NDArray[np.float64]:
    """All measurements as one matrix."""
    return np.array(dataset.rows, dtype=np.float64)


def labels(dataset: Dataset) -> NDArray[np.int64]:
    """All labels as class indices."""
    return np.array(dataset.labels, dtype=np.int64)
