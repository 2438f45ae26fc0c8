"""The interface of a model, from rows of numbers to probabilities. Independent of HTTP, files and card.

`FoldedModel` has weights folded into one matrix; it is plain Python, which for one row is faster than any
array library. `PipelineModel` is a scikit-learn pipeline that training could not write as data. `trees` has
the models made of trees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Any, Protocol

from iris_model_server.schemas import Numbers

# Per class: the weight of each feature, then the intercept.
Classes = Sequence[tuple[float, float, float, float, float]]


@dataclass(frozen=True, slots=True)
class ChunkRows:
    """The number of rows that take one or two milliseconds: in lists and in arrays."""

    plain: int
    arrays: int


class Model(Protocol):
    """The interface of a model."""

    @property
    def source(self) -> str:
        """`folded`, `trees` or `joblib`."""

    @property
    def chunks(self) -> "ChunkRows | None":
        """Rows per chunk, for a model so quick that sharing its calls would cost more; else None."""

    def probabilities(self, rows: Sequence[Numbers]) -> list[list[float]]:
        """For each row the probability of each class."""

    def probabilities_of(self, row: Numbers) -> list[float]:
        """The probability of each class for one row."""


class FoldedModel:
    """Softmax over one matrix of weights."""

    source = "folded"
    chunks = ChunkRows(plain=1024, arrays=16_384)

    def __init__(self, weights: Sequence[Sequence[float]], intercept: Sequence[float]) -> None:
        pairs = zip(weights, intercept, strict=True)
        self.classes: Classes = tuple((a, b, c, d, bias) for (a, b, c, d), bias in pairs)

    def probabilities(self, rows: Sequence[Numbers]) -> list[list[float]]:
        return [self.probabilities_of(row) for row in rows]

    def probabilities_of(self, row: Numbers) -> list[float]:
        first, second, third, fourth = row
        # Written out: twice as fast as a sum of products, with the same digits on every Python.
        scores = [first * a + second * b + third * c + fourth * d + bias for a, b, c, d, bias in self.classes]
        # Subtract the largest score: exp overflows for inputs far from the training range.
        largest = max(scores)
        if len(scores) == 3:
            # The usual case, written out as well: a loop over three costs more than its body.
            one, two, three = exp(scores[0] - largest), exp(scores[1] - largest), exp(scores[2] - largest)
            total = one + two + three
            return [one / total, two / total, three / total]
        powers = [exp(score - largest) for score in scores]
        total = sum(powers)
        return [power / total for power in powers]


class PipelineModel:
    """A fitted scikit-learn pipeline. The caller has verified where it comes from."""

    source = "joblib"
    chunks = None

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline

    def probabilities(self, rows: Sequence[Numbers]) -> list[list[float]]:
        answer: list[list[float]] = self._pipeline.predict_proba(list(rows)).tolist()
        return answer

    def probabilities_of(self, row: Numbers) -> list[float]:
        return self.probabilities((row,))[0]
