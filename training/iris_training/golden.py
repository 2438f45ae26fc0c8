"""Golden predictions: the pipeline's answers to chosen inputs. Pure.

A server repeats them before it is ready. They contain a row of each class and every corner of the training
ranges, which reveal a wrong order of columns or classes.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.pipeline import Pipeline

from iris_training import distribution
from iris_training.columns import CLASSES, FEATURES
from iris_training.data import Dataset
from iris_training.distribution import Distribution


@dataclass(frozen=True, slots=True)
class Golden:
    """One input and its probabilities."""

    input: tuple[float, ...]
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """One column with the range and the distribution of its values."""

    name: str
    minimum: float
    maximum: float
    distribution: Distribution


def features(dataset: Dataset) -> tuple[Feature, ...]:
    """The columns over all rows: over the fitted rows alone, a flower of the data could be out of range."""
    columns = zip(*dataset.rows, strict=True)
    return tuple(
        Feature(name, min(column), max(column), distribution.of(column))
        for name, column in zip(FEATURES, columns, strict=True)
    )


def inputs(dataset: Dataset) -> tuple[tuple[float, ...], ...]:
    """The first row of each class, then the corners, none twice."""
    firsts = [dataset.rows[dataset.labels.index(label)] for label in range(len(CLASSES))]
    corners = itertools.product(*((feature.minimum, feature.maximum) for feature in features(dataset)))
    return tuple(dict.fromkeys([*firsts, *corners]))


def predictions(fitted: Pipeline, chosen: Sequence[tuple[float, ...]]) -> tuple[Golden, ...]:
    """One row at a time, as a server predicts."""
    return tuple(Golden(row, tuple(fitted.predict_proba(np.array([row]))[0].tolist())) for row in chosen)
