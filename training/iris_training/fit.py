"""Typed rows to a fitted pipeline. Pure: the seed is an argument, nothing is read or written."""

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import preprocessing
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline

from iris_training.columns import CLASSES
from iris_training.data import Dataset
from iris_training.errors import Invalid
from iris_training.estimators import SCALERS, Recipe

TEST_FRACTION = 0.2

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


def split(dataset: Dataset, *, seed: int, name: str) -> Split:
    """Hold back a fifth. Not stratified: the published probabilities belong to the plain split."""
    fitted_rows, held_rows, fitted_labels, held_labels = train_test_split(
        rows(dataset), labels(dataset), test_size=TEST_FRACTION, random_state=seed
    )
    for index, label in enumerate(CLASSES):
        if index not in fitted_labels:
            found = f"every row of {label} held back for the test by seed {seed}"
            raise Invalid(name, found, f"more rows of {label}, or another seed")
    return Split(fitted_rows, fitted_labels, held_rows, held_labels)


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
