"""A model's predictions for some rows, and their counts for the metrics. Pure, plain Python.

`arrays` does the same for many rows at once; for a few rows this module is faster.
"""

import struct
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Protocol, Self

from iris_model_server.schemas import Numbers

# Upper bounds of the confidence histogram, without the last bucket, which is open.
CONFIDENCE: Final = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
# Per feature the upper edges of its cells (`drift`), without the last cell, which is open.
Edges = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts over rows: by class, by confidence bucket, by cell of each feature."""

    classes: Sequence[int]
    confidence: Sequence[int]
    confidence_sum: float
    cells: Sequence[Sequence[int]]


class Predictions(Protocol):
    """Classes and probabilities of some rows, in their order."""

    def __len__(self) -> int: ...

    @property
    def classes(self) -> list[int]: ...

    def nested(self) -> list[list[float]]:
        """The probabilities row by row."""

    def flat(self) -> list[float]:
        """The probabilities in one list."""

    def packed_classes(self) -> bytes:
        """The classes as little-endian 64-bit integers."""

    def packed_probabilities(self) -> bytes:
        """The probabilities as little-endian 64-bit floats, row by row."""

    def counts(self, edges: Edges) -> Counts: ...

    @classmethod
    def joined(cls, several: Sequence[Self]) -> Self:
        """The predictions of several, in one."""


class PlainPredictions:
    """Predictions in lists."""

    def __init__(self, rows: Sequence[Numbers], probabilities: list[list[float]]) -> None:
        self.rows = rows
        self.probabilities = probabilities
        self.classes = [of_row.index(max(of_row)) for of_row in probabilities]

    def __len__(self) -> int:
        return len(self.classes)

    def nested(self) -> list[list[float]]:
        return self.probabilities

    def flat(self) -> list[float]:
        return list(chain.from_iterable(self.probabilities))

    def packed_classes(self) -> bytes:
        return struct.pack(f"<{len(self.classes)}q", *self.classes)

    def packed_probabilities(self) -> bytes:
        flat = self.flat()
        return struct.pack(f"<{len(flat)}d", *flat)

    def counts(self, edges: Edges) -> Counts:
        classes = [0] * len(self.probabilities[0])
        buckets = [0] * (len(CONFIDENCE) + 1)
        total = 0.0
        for index, probabilities in zip(self.classes, self.probabilities, strict=True):
            classes[index] += 1
            buckets[bisect_left(CONFIDENCE, probabilities[index])] += 1
            total += probabilities[index]
        return Counts(classes, buckets, total, [self._cells(*pair) for pair in enumerate(edges)])

    @classmethod
    def joined(cls, several: Sequence[Self]) -> Self:
        rows = [row for predictions in several for row in predictions.rows]
        return cls(
            rows, [probabilities for predictions in several for probabilities in predictions.probabilities]
        )

    def _cells(self, feature: int, edges: Sequence[float]) -> list[int]:
        counts = [0] * (len(edges) + 1)
        for row in self.rows:
            counts[bisect_left(edges, row[feature])] += 1
        return counts
