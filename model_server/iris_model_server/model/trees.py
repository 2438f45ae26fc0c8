"""Models made of trees, without scikit-learn. Independent of HTTP and files; the card is checked before.

The rows that reach a leaf are in one box: for each feature, the lengths between two thresholds. All
thresholds of a feature divide its lengths into cells, and each cell has one large integer with a bit for
each box that contains the cell. So four searches and three bitwise "and" find every leaf of every tree, and
the sum of eight boxes is looked up by a byte. This takes a few microseconds; walking the trees takes ten
times as long, and is done only for models that are too large for these tables.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate, compress
from math import exp, inf
from operator import add, getitem, xor
from typing import Any, Final

from iris_model_server.model.model import ChunkRows
from iris_model_server.model.tree_card import MEAN, Tree, Trees
from iris_model_server.schemas import FEATURES, Numbers

BYTE: Final = 8
# Eight boxes have 256 sums of about 150 bytes for three classes: 20 MB for this many numbers.
MOST_NUMBERS: Final = 3 * 4096
# The integers of all cells: 4 MiB.
MOST_BITS: Final = 2**25

Vector = tuple[float, ...]
# Per feature: the lengths above the first number and up to the second.
Box = tuple[tuple[float, float], ...]
EVERYWHERE: Final[Box] = ((-inf, inf),) * len(FEATURES)


def model_of(trees: Trees) -> "BoxModel | WalkModel":
    """A BoxModel, or a WalkModel if the trees are too large for it."""
    boxes = _boxes(trees)
    cuts = _cuts(trees)
    cells = sum(map(len, cuts)) + len(cuts)
    if len(boxes) * len(trees.base) > MOST_NUMBERS or len(boxes) * cells > MOST_BITS:
        return WalkModel(trees)
    return BoxModel(trees, boxes, cuts)


class BoxModel:
    """Looks up the boxes that a row lies in."""

    source = "trees"
    chunks = ChunkRows(plain=256, arrays=1024)

    def __init__(self, trees: Trees, boxes: dict[Box, Vector], cuts: Sequence[Sequence[float]]) -> None:
        self.link = _Link(trees)
        self.cuts = cuts
        # Boxes of the same petals are often reached together: then more bytes are zero.
        ordered = sorted(boxes, key=lambda box: (*box[2:], *box[:2]))
        self.size = -(-len(ordered) // BYTE)
        self.masks = [_masks([box[feature] for box in ordered], own) for feature, own in enumerate(cuts)]
        self.sums = [
            _sums([boxes[box] for box in ordered[start : start + BYTE]])
            for start in range(0, len(ordered), BYTE)
        ]

    def probabilities(self, rows: Sequence[Numbers]) -> list[list[float]]:
        return [self.probabilities_of(row) for row in rows]

    def probabilities_of(self, row: Numbers) -> list[float]:
        first, second, third, fourth = row
        masks, cuts = self.masks, self.cuts
        # Written out: a loop over three costs more than its body.
        reached = (
            masks[0][bisect_left(cuts[0], first)]
            & masks[1][bisect_left(cuts[1], second)]
            & masks[2][bisect_left(cuts[2], third)]
            & masks[3][bisect_left(cuts[3], fourth)]
        ).to_bytes(self.size, "little")
        # This skips the bytes of zero without a loop of our own, in a sixth less time.
        found = map(getitem, compress(self.sums, reached), reached.replace(b"\0", b""))
        return self.link.probabilities([*map(sum, zip(*found, strict=True))])


class WalkModel:
    """Walks from the root of each tree to a leaf."""

    source = "trees"
    chunks = None

    def __init__(self, trees: Trees) -> None:
        self._link = _Link(trees)
        self._roots = [_nested(tree, _vectors(trees, number)) for number, tree in enumerate(trees.trees)]

    def probabilities(self, rows: Sequence[Numbers]) -> list[list[float]]:
        return [self.probabilities_of(row) for row in rows]

    def probabilities_of(self, row: Numbers) -> list[float]:
        found = []
        for root in self._roots:
            node = root
            while len(node) == 4:
                feature, threshold, left, right = node
                node = left if row[feature] <= threshold else right
            found.append(node[0])
        return self._link.probabilities([*map(sum, zip(*found, strict=True))])


class _Link:
    """Turns sums of leaves into probabilities."""

    def __init__(self, trees: Trees) -> None:
        self.is_mean = trees.link == MEAN
        self.count = len(trees.trees)
        self.base = trees.base

    def probabilities(self, sums: Sequence[float]) -> list[float]:
        if self.is_mean:
            return [total / self.count for total in sums]
        scores = [*map(add, self.base, sums)]
        # Subtract the largest score, or exp could overflow.
        largest = max(scores)
        powers = [exp(score - largest) for score in scores]
        total = sum(powers)
        return [power / total for power in powers]


def _vectors(trees: Trees, number: int) -> list[Vector]:
    """The numbers that each leaf of a tree adds to each class."""
    tree = trees.trees[number]
    if trees.link == MEAN:
        return [tuple(value) for value in tree.value]
    classes = len(trees.base)
    scored = number % classes
    return [(*(0.0,) * scored, value, *(0.0,) * (classes - scored - 1)) for (value,) in tree.value]


def _boxes(trees: Trees) -> dict[Box, Vector]:
    """The sum of all leaves with the same box."""
    boxes: dict[Box, Vector] = {}
    for number, tree in enumerate(trees.trees):
        vectors = _vectors(trees, number)
        for box, leaf in _leaves(tree):
            former = boxes.get(box)
            boxes[box] = vectors[leaf] if former is None else tuple(map(add, former, vectors[leaf]))
    return boxes


def _leaves(tree: Tree) -> Iterator[tuple[Box, int]]:
    """Each leaf that some row can reach, with its box."""
    waiting = [(0 if tree.feature else -1, EVERYWHERE)]
    while waiting:
        child, box = waiting.pop()
        if child < 0:
            yield box, -1 - child
            continue
        feature, threshold = tree.feature[child], tree.threshold[child]
        low, high = box[feature]
        for side, low_here, high_here in (
            (tree.left[child], low, min(high, threshold)),
            (tree.right[child], max(low, threshold), high),
        ):
            if low_here < high_here:
                waiting.append((side, (*box[:feature], (low_here, high_here), *box[feature + 1 :])))


def _cuts(trees: Trees) -> list[list[float]]:
    """The thresholds of each feature, each once, in order."""
    cuts: list[set[float]] = [set() for _ in FEATURES]
    for tree in trees.trees:
        for feature, threshold in zip(tree.feature, tree.threshold, strict=True):
            cuts[feature].add(threshold)
    return [sorted(own) for own in cuts]


def _masks(spans: Sequence[tuple[float, float]], cuts: Sequence[float]) -> list[int]:
    """Per cell an integer with a bit for each box that contains the cell."""
    changes = [0] * (len(cuts) + 2)
    for bit, (low, high) in enumerate(spans):
        # A threshold ends each cell, and one more cell is above all thresholds.
        first = 0 if low == -inf else bisect_left(cuts, low) + 1
        last = bisect_left(cuts, high)
        changes[first] ^= 1 << bit
        changes[last + 1] ^= 1 << bit
    return [*accumulate(changes[:-1], xor)]


def _sums(vectors: Sequence[Vector]) -> list[Vector]:
    """Per value of a byte: the sum of the vectors whose bits are set."""
    sums = [(0.0,) * len(vectors[0])]
    for vector in vectors:
        sums += [tuple(map(add, total, vector)) for total in sums]
    return sums


def _nested(tree: Tree, vectors: Sequence[Vector]) -> Any:
    """(feature, threshold, left, right) for a split, its vector in a tuple for a leaf."""
    nodes: list[Any] = [None] * len(tree.feature)

    def child(number: int) -> Any:
        return nodes[number] if number >= 0 else (vectors[-1 - number],)

    # Backwards, because children come after their split.
    for split in reversed(range(len(tree.feature))):
        nodes[split] = (
            tree.feature[split],
            tree.threshold[split],
            child(tree.left[split]),
            child(tree.right[split]),
        )
    return child(0 if tree.feature else -1)
