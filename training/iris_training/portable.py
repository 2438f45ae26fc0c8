"""The fitted pipeline as plain data, verified against scikit-learn. Pure.

Serving the data needs neither scikit-learn nor pickle. Data that differs from the pipeline or is too large is
omitted with the reason; then only the joblib remains.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.pipeline import Pipeline

from iris_training import linear, trees
from iris_training.columns import FEATURES
from iris_training.data import LARGEST_LENGTH
from iris_training.linear import Linear
from iris_training.trees import Trees

RANDOM_ROWS = 2000


@dataclass(frozen=True, slots=True)
class Portable:
    """At most one of the two forms; without one, the reason."""

    linear: Linear | None = None
    trees: Trees | None = None
    reason: str | None = None


def of(fitted: Pipeline, rows: Sequence[Sequence[float]]) -> Portable:
    """The form that repeats scikit-learn on these rows and on random ones."""
    tested = np.concatenate([np.array(rows, dtype=np.float64), _random_rows(rows)])
    folded = linear.fold(fitted)
    if folded is not None:
        if linear.agrees(folded, tested, fitted.predict_proba(tested)):
            return Portable(linear=folded)
        return Portable(reason=f"weights: differ from scikit-learn by more than {linear.TOLERANCE:g}")
    grown = trees.of(fitted)
    if grown is None:
        return Portable(reason=f"{type(fitted['classify']).__name__}: neither weights nor trees")
    if (found := trees.excess(grown)) is not None:
        return Portable(reason=f"trees: {found}")
    difference = trees.difference(grown, fitted, tested)
    # Not "more than": a NaN is never more.
    if not difference <= trees.TOLERANCE:
        return Portable(
            reason=f"trees: differ from scikit-learn by {difference:g}, at most {trees.TOLERANCE:g}"
        )
    return Portable(trees=grown)


def _random_rows(rows: Sequence[Sequence[float]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Half of them around the given rows, half from everything that a server accepts."""
    chance = np.random.default_rng(0)
    largest = 2 * np.max(np.array(rows), axis=0)
    near = chance.uniform(1e-3, largest, (RANDOM_ROWS // 2, len(FEATURES)))
    return np.concatenate([near, chance.uniform(1e-3, LARGEST_LENGTH, near.shape)])
