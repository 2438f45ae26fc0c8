"""Which rows are held back to judge a model: the same in every release, whatever its data. Pure.

A row's own lengths decide, not its place in the file, its label or a seed. So no release is fitted on rows
used to judge another, and copies of a row are never on both sides. Rows of the classic sample are held back
as in its published split; of all others, a hash of the lengths holds back a fifth.
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np

# The name of this rule: releases that share it may be judged by each other's rows.
RULE = "lengths-1"
FRACTION = 0.2
# A server answers these in one small request.
MOST_REFERENCE_ROWS = 200
# The split that the published probabilities belong to.
SAMPLE_SEED = 42

Row = tuple[float, ...]


def held(rows: Sequence[Row]) -> list[bool]:
    """For each row whether it is held back; at least one is."""
    sample = _sample()
    found = [sample[row] if row in sample else _position(row) < FRACTION for row in rows]
    if not any(found):
        first = min(rows, key=_position)
        found = [row == first for row in rows]
    return found


def reference(rows: Iterable[Row]) -> list[Row]:
    """The held-back rows by which releases are compared, each once; of too many always the same ones."""
    return sorted(set(rows), key=_position)[:MOST_REFERENCE_ROWS]


def _position(row: Row) -> float:
    """From 0 to 1, evenly spread."""
    digest = hashlib.sha256(struct.pack(f"<{len(row)}d", *row)).digest()
    return int.from_bytes(digest[:8]) / 2**64


@cache
def _sample() -> dict[Row, bool]:
    # Imported here: scikit-learn takes seconds.
    from sklearn.datasets import load_iris  # noqa: PLC0415

    rows = [tuple(row) for row in load_iris().data.tolist()]
    order = np.random.RandomState(SAMPLE_SEED).permutation(len(rows))
    chosen = {rows[index] for index in order[: round(FRACTION * len(rows))]}
    return {row: row in chosen for row in rows}
