"""The distribution of a column's values, against which drift of inputs is measured. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

TENTHS = 10


@dataclass(frozen=True, slots=True)
class Distribution:
    """The upper edges of the buckets, the last of which is open, and the share of values in each."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


def of(values: Sequence[float]) -> Distribution:
    """Deciles that are values, each once, so that no bucket is empty: a share of 0 has no logarithm."""
    ordered = sorted(values)
    deciles = {ordered[ceil(len(ordered) * tenth / TENTHS) - 1] for tenth in range(1, TENTHS)}
    edges = tuple(sorted(deciles - {ordered[-1]}))
    counts = [0] * (len(edges) + 1)
    for value in values:
        counts[bisect_left(edges, value)] += 1
    return Distribution(edges, tuple(count / len(values) for count in counts))
