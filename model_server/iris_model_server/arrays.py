"""Many rows at once: a table in, an outcome out, with numpy.

Imported late and never needed for one row: numpy costs 80 ms and 16 MB. Same meaning as `model` and
`outcomes`; the scores even have the same bits, for they are added in the same order.
"""

from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iris_model_server.model import Classes
from iris_model_server.outcomes import CONFIDENCE, Ranges, Tally
from iris_model_server.schemas import FEATURES

Table = NDArray[np.float64]
_BOUNDS = np.array(CONFIDENCE)


def table(flat: Sequence[float]) -> Table:
    """The numbers of all rows, one after the other, as rows of a table."""
    # Through an array of Python's own: quicker than numpy's walk over a list.
    return np.frombuffer(array("d", flat)).reshape(-1, len(FEATURES))


def softmax(inputs: Table, classes: Classes) -> Table:
    """The probabilities that folded weights give."""
    first, second, third, fourth = np.ascontiguousarray(inputs.T)
    scores = np.empty((len(classes), len(inputs)))
    for number, (a, b, c, d, bias) in enumerate(classes):
        scores[number] = first * a + second * b + third * c + fourth * d + bias
    scores -= scores.max(axis=0)
    np.exp(scores, scores)
    scores /= scores.sum(axis=0)
    return scores.T


class ArrayOutcome:
    """An outcome in arrays."""

    def __init__(self, inputs: Table, shares: Table) -> None:
        self._inputs = inputs
        self._shares = shares
        self._indexes: NDArray[np.intp] = shares.argmax(axis=1)

    @property
    def classes(self) -> list[int]:
        indexes: list[int] = self._indexes.tolist()
        return indexes

    def nested(self) -> list[list[float]]:
        answer: list[list[float]] = self._shares.tolist()
        return answer

    def flat(self) -> list[float]:
        return self._shares.ravel().tolist()

    def tally(self, ranges: Ranges) -> Tally:
        confidence = self._shares[np.arange(len(self._shares)), self._indexes]
        buckets = np.bincount(np.searchsorted(_BOUNDS, confidence), minlength=len(CONFIDENCE) + 1)
        low, high = np.array(ranges).T
        outside = (self._inputs < low) | (self._inputs > high)
        return Tally(
            classes=np.bincount(self._indexes, minlength=self._shares.shape[1]).tolist(),
            confidence=buckets.tolist(),
            confidence_sum=float(confidence.sum()),
            outside=np.count_nonzero(outside, axis=0).tolist(),
        )
