"""The fitted pipeline folded into one matrix: scaling and regression are both linear. Pure.

Who holds these few numbers needs neither pickle nor scikit-learn to predict: softmax(W·x + b).
"""

import hashlib
import math
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.pipeline import Pipeline

# The artifact contract's word for "the same probabilities".
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Linear:
    """One row of weights per class, in the order of the classes."""

    weights: tuple[tuple[float, ...], ...]
    intercept: tuple[float, ...]

    @property
    def sha256(self) -> str:
        """Of the weights row by row, then the intercept, each a little-endian double."""
        numbers = [weight for row in self.weights for weight in row] + [*self.intercept]
        return hashlib.sha256(struct.pack(f"<{len(numbers)}d", *numbers)).hexdigest()


def fold(fitted: Pipeline) -> Linear:
    """W' = coef / scale and b' = intercept - W'·mean."""
    scaler, regression = fitted["scale"], fitted["classify"]
    weights = (regression.coef_ / scaler.scale_).tolist()
    means = scaler.mean_.tolist()
    # fsum instead of a matrix product: its result is exact, so it is the same on every processor.
    intercept = [
        math.fsum([start, *(-weight * mean for weight, mean in zip(row, means, strict=True))])
        for start, row in zip(regression.intercept_.tolist(), weights, strict=True)
    ]
    return Linear(tuple(map(tuple, weights)), tuple(intercept))


def predict(linear: Linear, rows: ArrayLike) -> NDArray[np.float64]:
    """Probabilities from the folded weights alone."""
    scores = np.asarray(rows) @ np.array(linear.weights).T + np.array(linear.intercept)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def agrees(linear: Linear, rows: ArrayLike, probabilities: ArrayLike) -> bool:
    """False when folding lost digits, as it does where a column hardly varies."""
    return bool(np.all(np.abs(predict(linear, rows) - np.asarray(probabilities)) <= TOLERANCE))
