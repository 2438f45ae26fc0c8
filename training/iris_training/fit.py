"""Typed rows to a fitted pipeline. Pure: the seed is an argument, nothing is read or written."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from iris_training.data import CLASSES, Dataset
from iris_training.errors import Invalid

TEST_FRACTION = 0.2
ESTIMATOR = "StandardScaler + LogisticRegression"
# The sample needs 15; where the default of 100 is enough, a higher limit changes no digit.
MOST_ITERATIONS = 1000

# BLAS picks its kernels by processor; on the sample their results differ by up to 1.8e-15. Without this the
# same data and libraries would give another digest on the next machine.
SETTLED_DECIMALS = 12


@dataclass(frozen=True, slots=True)
class Split:
    """The rows the pipeline is fitted on, and those held back to judge it."""

    fitted_rows: NDArray[np.float64]
    fitted_labels: NDArray[np.int64]
    held_rows: NDArray[np.float64]
    held_labels: NDArray[np.int64]


def split(dataset: Dataset, *, seed: int, name: str) -> Split:
    """Hold back a fifth. Not stratified: the published probabilities stand on the plain split."""
    fitted_rows, held_rows, fitted_labels, held_labels = train_test_split(
        rows(dataset), labels(dataset), test_size=TEST_FRACTION, random_state=seed
    )
    for index, label in enumerate(CLASSES):
        if index not in fitted_labels:
            found = f"every row of {label} held back for the test by seed {seed}"
            raise Invalid(name, found, f"more rows of {label}, or another seed")
    return Split(fitted_rows, fitted_labels, held_rows, held_labels)


def pipeline() -> Pipeline:
    """The estimator, not fitted."""
    return Pipeline([("scale", StandardScaler()), ("classify", LogisticRegression(max_iter=MOST_ITERATIONS))])


def fit(parts: Split) -> Pipeline:
    """The estimator, fitted; its columns of probabilities stand in the order of CLASSES."""
    fitted = pipeline().fit(parts.fitted_rows, parts.fitted_labels)
    regression = fitted["classify"]
    regression.coef_ = _settled(regression.coef_)
    regression.intercept_ = _settled(regression.intercept_)
    return fitted


def _settled(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the digits in which processor families differ; the sum turns -0.0 into 0.0."""
    return np.round(numbers, SETTLED_DECIMALS) + 0.0


def rows(dataset: Dataset) -> NDArray[np.float64]:
    """All measurements as one matrix."""
    return np.array(dataset.rows, dtype=np.float64)


def labels(dataset: Dataset) -> NDArray[np.int64]:
    """All labels as class indices."""
    return np.array(dataset.labels, dtype=np.int64)
