"""Many rows at once: numbers in, an outcome out, with numpy. Same meaning as `model` and `outcomes`.

Imported late and never needed for one row: numpy costs 80 ms and 16 MB. Tables stand on their side, one
line per feature or class, for numpy walks along a line much quicker than across.
"""

from array import array
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from iris_model_server.model import Classes
from iris_model_server.outcomes import CONFIDENCE, Edges, Tally
from iris_model_server.schemas import FEATURES

Table = NDArray[np.float64]
_BOUNDS = np.array(CONFIDENCE)


def table(flat: Sequence[float]) -> Table:
    """The numbers of all rows, one row after the other, as a line for each feature."""
    # Through an array of Python's own: quicker than numpy's walk over a list.
    rows = np.frombuffer(array("d", flat)).reshape(-1, len(FEATURES))
    return np.ascontiguousarray(rows.T)


def softmax(inputs: Table, classes: Classes) -> Table:
    """The probabilities that folded weights give, a line for each class."""
    weights = np.array(classes)
    scores = weights[:, :-1] @ inputs
    scores += weights[:, -1:]
    scores -= scores.max(axis=0)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=0)
    return scores


class ArrayOutcome:
    """An outcome in arrays."""

    def __init__(self, inputs: Table, shares: Table) -> None:
        self._inputs = inputs
        self._shares = shares
        self._indexes: NDArray[np.intp] = shares.argmax(axis=0)
        self.classes: list[int] = self._indexes.tolist()

    def nested(self) -> list[list[float]]:
        answer: list[list[float]] = self._shares.T.tolist()
        return answer

    def flat(self) -> list[float]:
        return self._shares.T.ravel().tolist()

    def tally(self, edges: Edges) -> Tally:
        confidence = self._shares.max(axis=0)
        buckets = np.bincount(np.searchsorted(_BOUNDS, confidence), minlength=len(CONFIDENCE) + 1)
        return Tally(
            classes=np.bincount(self._indexes, minlength=len(self._shares)).tolist(),
            confidence=buckets.tolist(),
            confidence_sum=float(confidence.sum()),
            cells=[_cells(*pair) for pair in zip(self._inputs, edges, strict=True)],
        )


def _cells(values: NDArray[np.float64], edges: Sequence[float]) -> list[int]:
    """How many values lie in each cell. A comparison per edge is quicker than a search per value."""
    below = [int(np.count_nonzero(values <= edge)) for edge in edges]
    return [after - before for before, after in pairwise((0, *below, len(values)))]
