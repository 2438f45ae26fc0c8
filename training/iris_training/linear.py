"""The fitted pipeline folded into one matrix: scaling and regression are both linear. Pure.

Predicting with these numbers needs neither pickle nor scikit-learn: softmax(W·x + b).
"""

import hashlib
import math
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

# The largest difference that the artifact contract calls "the same probabilities".
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


def fold(fitted: Pipeline) -> Linear | None:
    """W' = coef / width and b' = intercept - W'·middle; None if the pipeline is not linear."""
    regression = fitted["classify"]
    if not isinstance(regression, LogisticRegression):
        return None
    middles, widths = _scaling(fitted)
    weights = (regression.coef_ / widths).tolist()
    # fsum instead of a matrix product: its result is exact, so it is the same on every processor.
    intercept = [
        math.fsum([start, *(-weight * middle for weight, middle in zip(row, middles, strict=True))])
        for start, row in zip(regression.intercept_.tolist(), weights, strict=True)
    ]
    return Linear(tuple(map(tuple, weights)), tuple(intercept))


def _scaling(fitted: Pipeline) -> tuple[list[float], list[float]]:
    """For each feature, the number that the scaler subtracts and the number by which it divides."""
    scaler = fitted.named_steps.get("scale")
    if isinstance(scaler, StandardScaler):
        return scaler.mean_.tolist(), scaler.scale_.tolist()
    if isinstance(scaler, MinMaxScaler):
        widths = [1 / factor for factor in scaler.scale_.tolist()]
        return scaler.data_min_.tolist(), widths
    return [0.0] * fitted.n_features_in_, [1.0] * fitted.n_features_in_


def predict(linear: Linear, rows: ArrayLike) -> NDArray[np.float64]:
    """Probabilities from the folded weights alone."""
    scores = np.asarray(rows) @ np.array(linear.weights).T + np.array(linear.intercept)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def agrees(linear: Linear, rows: ArrayLike, probabilities: ArrayLike) -> bool:
    """False when folding lost digits, which happens when a column hardly varies."""
    return bool(np.all(np.abs(predict(linear, rows) - np.asarray(probabilities)) <= TOLERANCE))
