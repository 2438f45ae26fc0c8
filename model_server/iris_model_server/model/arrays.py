"""Computes many rows at once with numpy, with the same results as `model` and `predictions`.

It is imported late and never for one row: numpy costs 80 ms and 16 MB. Tables are stored by column, an
array per feature or class, because numpy is much faster along an array than across several.
"""

from array import array
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from iris_model_server.model import tree_arrays
from iris_model_server.model.model import FoldedModel
from iris_model_server.model.predictions import CONFIDENCE, Counts, Edges
from iris_model_server.model.trees import BoxModel
from iris_model_server.schemas import FEATURES, LARGEST_CM

Table = NDArray[np.float64]
Indexes = NDArray[np.intp]
_BOUNDS = np.array(CONFIDENCE)[:, None]
# From this many rows on, a call for each class or edge saves more time than it costs.
MANY: Final = 4096
_PACKED = np.dtype([("tag", np.uint8), ("number", ">f8")])
_pack = msgspec.msgpack.Encoder().encode


def table(flat: Sequence[float]) -> Table:
    """The numbers of all rows, given one row after the other, as an array per feature."""
    if isinstance(flat, array):
        return np.frombuffer(flat).reshape(-1, len(FEATURES)).T.copy(order="C")
    # Through MessagePack, where a float is a tag byte and eight bytes: msgspec iterates over a list
    # several times quicker than numpy does.
    packed = _pack(flat)
    numbers = np.frombuffer(packed, _PACKED, offset=len(packed) - _PACKED.itemsize * len(flat))["number"]
    return numbers.reshape(-1, len(FEATURES)).T.astype(np.float64, order="C")


def first_outside(flat: "array[float]") -> int | None:
    """The place of the first number that is not a measurement."""
    numbers = np.frombuffer(flat)
    outside = ~((numbers > 0) & (numbers <= LARGEST_CM))
    return int(outside.argmax()) if outside.any() else None


def probabilities(model: FoldedModel | BoxModel, inputs: Table) -> Table:
    """The probabilities, an array per class."""
    if isinstance(model, FoldedModel):
        return softmax(inputs, model)
    return tree_arrays.probabilities(model, inputs)


def softmax(inputs: Table, model: FoldedModel) -> Table:
    """The probabilities of folded weights, an array per class."""
    slopes, offsets = _weights(model)
    scores = slopes @ inputs
    scores += offsets
    # Here and below, the functions behind `max` and `sum`, which take a microsecond more for a call.
    scores -= np.maximum.reduce(scores, axis=0)
    np.exp(scores, out=scores)
    scores /= np.add.reduce(scores, axis=0)
    return scores


@lru_cache(maxsize=8)
def _weights(model: FoldedModel) -> tuple[Table, Table]:
    weights = np.array(model.classes)
    return weights[:, :-1], weights[:, -1:]


class ArrayPredictions:
    """Predictions in arrays."""

    def __init__(self, inputs: Table, probabilities: Table, indexes: "Indexes | None" = None) -> None:
        self.inputs = inputs
        self.probabilities = probabilities
        self.indexes = _largest(probabilities) if indexes is None else indexes

    def __len__(self) -> int:
        return len(self.indexes)

    @property
    def classes(self) -> list[int]:
        answer: list[int] = self.indexes.tolist()
        return answer

    def nested(self) -> list[list[float]]:
        answer: list[list[float]] = self.probabilities.T.tolist()
        return answer

    def flat(self) -> list[float]:
        return self.probabilities.T.ravel().tolist()

    def packed_classes(self) -> bytes:
        return self.indexes.astype("<i8").tobytes()

    def packed_probabilities(self) -> bytes:
        return self.probabilities.T.astype("<f8").tobytes()

    def counts(self, edges: Edges) -> Counts:
        confidence = np.maximum.reduce(self.probabilities, axis=0)
        return Counts(
            classes=np.bincount(self.indexes, minlength=len(self.probabilities)).tolist(),
            confidence=_counted(_below(confidence, _BOUNDS), len(self)),
            confidence_sum=float(np.add.reduce(confidence)),
            cells=_cells(self.inputs, edges),
        )

    @classmethod
    def joined(cls, several: Sequence[Self]) -> Self:
        return cls(
            np.concatenate([predictions.inputs for predictions in several], axis=1),
            np.concatenate([predictions.probabilities for predictions in several], axis=1),
            np.concatenate([predictions.indexes for predictions in several]),
        )


def _largest(probabilities: Table) -> Indexes:
    """For each row the class with the largest probability, the first of equal ones."""
    largest = probabilities[0]
    indexes: Indexes = np.zeros(largest.shape, np.intp)
    if len(largest) < MANY:
        return probabilities.argmax(axis=0, out=indexes)
    # Across a short axis, argmax takes several times as long as these comparisons.
    for number, own in enumerate(probabilities[1:], 1):
        np.putmask(indexes, own > largest, number)
        largest = np.maximum(largest, own)
    return indexes


def _cells(inputs: Table, edges: Edges) -> list[list[int]]:
    """The number of values of each feature in each of its cells."""
    below = _below(inputs[:, None, :], _upright(tuple(map(tuple, edges))))
    return [_counted(some[: len(own)], inputs.shape[1]) for some, own in zip(below, edges, strict=True)]


def _below(values: Table, edges: Table) -> Any:
    """For each edge, the number of values that are not above it."""
    # All comparisons in one call: quicker than a search per value.
    below = values <= edges
    *shape, rows = below.shape
    if rows >= MANY:
        return np.reshape([np.count_nonzero(one) for one in below.reshape(-1, rows)], shape).tolist()
    # A sum over bytes: numpy adds those much quicker than truth values.
    return np.add.reduce(below.view(np.uint8), axis=-1, dtype=np.int32).tolist()


def _counted(below: Sequence[int], count: int) -> list[int]:
    """The number of values in each cell: up to the first edge, between two, and above the last."""
    return [after - before for before, after in pairwise((0, *below, count))]


@lru_cache(maxsize=8)
def _upright(edges: tuple[tuple[float, ...], ...]) -> NDArray[np.float64]:
    """The edges as a table to compare with. A feature with fewer has some more, which all lie below."""
    longest = max(map(len, edges))
    padded = [[*own, *[np.inf] * (longest - len(own))] for own in edges]
    return np.array(padded)[:, :, None]
