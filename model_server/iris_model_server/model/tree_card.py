"""Parses and checks the trees of a model card: every index, range and size, before they are used.

It reads nothing else of the card. In a checked tree every path ends at a leaf of that tree.
"""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from iris_model_server.errors import ArtifactRefused, counted
from iris_model_server.schemas import FEATURES

MOST_TREES: Final = 3000
MOST_LEAVES: Final = 50_000
MOST_CLASSES: Final = 100
# Far above any score; a sum of that many cannot overflow.
LARGEST: Final = 1e100
# The tolerance for the sum of a leaf's numbers, which is 1.
TOLERANCE: Final = 1e-9

MEAN: Final = "mean"


class Tree(Struct, frozen=True):
    """One entry per split, the root first; a child c ≥ 0 is a split behind it, c < 0 is the leaf -1 - c.

    A length up to the threshold goes left. Without any split, leaf 0 is the whole tree.
    """

    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    value: Annotated[list[list[float]], Meta(min_length=1)]


class Trees(Struct, frozen=True):
    """`mean`: the mean of the leaves. `softmax`: base + sum, where tree i scores class i modulo classes."""

    link: Literal["mean", "softmax"]
    base: list[float]
    trees: Annotated[list[Tree], Meta(min_length=1, max_length=MOST_TREES)]


def check(trees: Trees, classes: int, where: str) -> None:
    """Refuse the first error."""
    if classes > MOST_CLASSES:
        raise ArtifactRefused(where, f"{classes} classes", f"at most {MOST_CLASSES}")
    _check_numbers(trees.base, classes, f"{where}.base")
    if trees.link != MEAN and len(trees.trees) % classes:
        raise ArtifactRefused(f"{where}.trees", f"{len(trees.trees)} trees", f"a multiple of {classes}")
    leaves = sum(len(tree.value) for tree in trees.trees)
    if leaves > MOST_LEAVES:
        raise ArtifactRefused(f"{where}.trees", f"{leaves} leaves", f"at most {MOST_LEAVES}")
    for number, tree in enumerate(trees.trees):
        name = f"{where}.trees[{number}]"
        _check_splits(tree, name)
        _check_children(tree, name)
        for leaf, value in enumerate(tree.value):
            _check_numbers(value, classes if trees.link == MEAN else 1, f"{name}.value[{leaf}]")
            if trees.link == MEAN and not (min(value) >= 0 and abs(sum(value) - 1) <= TOLERANCE):
                raise ArtifactRefused(f"{name}.value[{leaf}]", value, "probabilities with the sum 1")


def _check_splits(tree: Tree, where: str) -> None:
    splits = len(tree.value) - 1
    for field in ("feature", "threshold", "left", "right"):
        found = len(getattr(tree, field))
        if found != splits:
            expected = f"{splits}, one less than leaves"
            raise ArtifactRefused(f"{where}.{field}", counted(found, "entry", "entries"), expected)
    for split, feature in enumerate(tree.feature):
        if not 0 <= feature < len(FEATURES):
            raise ArtifactRefused(f"{where}.feature[{split}]", feature, f"0 to {len(FEATURES) - 1}")
    _check_numbers(tree.threshold, splits, f"{where}.threshold")


def _check_children(tree: Tree, where: str) -> None:
    """Refuse unless every split but the root and every leaf is the child of one earlier split."""
    for side, children in (("left", tree.left), ("right", tree.right)):
        for split, child in enumerate(children):
            if not (split < child < len(tree.feature) or -len(tree.value) <= child < 0):
                expected = f"a split from {split + 1} to {len(tree.feature) - 1}, or a leaf"
                raise ArtifactRefused(f"{where}.{side}[{split}]", child, expected)
    children = [*tree.left, *tree.right]
    if len(set(children)) != len(children):
        raise ArtifactRefused(f"{where}.left and right", "a child twice", "each split and leaf once")


def _check_numbers(values: Sequence[float], length: int, where: str) -> None:
    if len(values) != length:
        raise ArtifactRefused(where, counted(len(values), "entry", "entries"), length)
    for number, value in enumerate(values):
        # Not "larger than": a NaN is never larger.
        if not abs(value) <= LARGEST:
            raise ArtifactRefused(f"{where}[{number}]", value, f"a number up to {LARGEST:g}")
