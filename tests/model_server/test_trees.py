"""Models made of trees answer as a plain walk through them does."""

import math
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_model_server.model import artifact, tree_arrays, trees
from iris_model_server.model.arrays import table
from iris_model_server.model.tree_card import Tree, Trees
from iris_model_server.model.trees import BoxModel, WalkModel

from tests.model_server.tree_artifacts import written

LENGTHS: Final = st.sampled_from([0.1, 1.4, 2.5, 5.0, 100.0, math.nextafter(1.4, 2)]) | st.floats(
    min_value=0, max_value=100, exclude_min=True
)
ROWS: Final = st.lists(st.tuples(LENGTHS, LENGTHS, LENGTHS, LENGTHS), min_size=1, max_size=20)
CLASSES: Final = 3


@st.composite
def grown(draw: st.DrawFn, width: int) -> Tree:
    """Any tree that the card may hold."""
    splits = draw(st.integers(0, 12))
    left, right = [0] * splits, [0] * splits
    free: list[tuple[list[int], int]] = []
    for split in range(splits):
        if split:
            side, parent = free.pop(draw(st.integers(0, len(free) - 1)))
            side[parent] = split
        free += [(left, split), (right, split)]
    for leaf, (side, parent) in enumerate(free):
        side[parent] = -1 - leaf
    return Tree(
        feature=draw(st.lists(st.integers(0, 3), min_size=splits, max_size=splits)),
        threshold=draw(st.lists(LENGTHS | st.just(0.0), min_size=splits, max_size=splits)),
        left=left,
        right=right,
        value=draw(st.lists(leaves(width), min_size=splits + 1, max_size=splits + 1)),
    )


def leaves(width: int) -> st.SearchStrategy[list[float]]:
    if width == 1:
        return st.lists(st.floats(-5, 5), min_size=1, max_size=1)
    return st.sampled_from([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.25, 0.25, 0.5], [0.0, 0.5, 0.5]])


@st.composite
def forests(draw: st.DrawFn) -> Trees:
    if draw(st.booleans()):
        return Trees("mean", [0.0] * CLASSES, draw(st.lists(grown(CLASSES), min_size=1, max_size=6)))
    base = draw(st.lists(st.floats(-2, 2), min_size=CLASSES, max_size=CLASSES))
    return Trees("softmax", base, draw(st.lists(grown(1), min_size=CLASSES, max_size=CLASSES)))


def walked(forest: Trees, row: tuple[float, ...]) -> list[float]:
    """What the card's definition says, word by word."""
    totals = [*forest.base]
    for number, tree in enumerate(forest.trees):
        at = 0 if tree.feature else -1
        while at >= 0:
            at = tree.left[at] if row[tree.feature[at]] <= tree.threshold[at] else tree.right[at]
        value = tree.value[-1 - at]
        if forest.link == "softmax":
            totals[number % CLASSES] += value[0]
        else:
            totals = [total + one for total, one in zip(totals, value, strict=True)]
    if forest.link == "mean":
        return [total / len(forest.trees) for total in totals]
    powers = [math.exp(total) for total in totals]
    return [power / sum(powers) for power in powers]


def close(found: list[float], expected: list[float]) -> bool:
    return all(abs(one - other) < 1e-12 for one, other in zip(found, expected, strict=True))


@given(forests(), ROWS)
def test_boxes_and_arrays_answer_as_a_walk_through_the_trees(
    forest: Trees, rows: list[tuple[float, ...]]
) -> None:
    boxes, walk = trees.model_of(forest), WalkModel(forest)
    assert isinstance(boxes, BoxModel)

    in_arrays = tree_arrays.probabilities(boxes, table([length for row in rows for length in row]))

    for row, by_boxes, by_walk, by_arrays in zip(
        rows, boxes.probabilities(rows), walk.probabilities(rows), in_arrays.T.tolist(), strict=True
    ):
        expected = walked(forest, row)
        assert close(by_boxes, expected)
        assert close(by_walk, expected)
        assert close(by_arrays, expected)


def test_trees_with_too_many_boxes_are_walked() -> None:
    """Each leaf of a long chain has a box of its own."""
    splits = trees.MOST_NUMBERS // CLASSES + 1
    chain = Tree(
        feature=[0] * splits,
        threshold=[100.0 - 0.01 * split for split in range(splits)],
        left=[*range(1, splits), -1],
        right=[*range(-2, -2 - splits, -1)],
        value=[[1.0, 0.0, 0.0]] * splits + [[0.0, 1.0, 0.0]],
    )

    model = trees.model_of(Trees("mean", [0.0] * CLASSES, [chain]))

    assert isinstance(model, WalkModel)
    assert model.probabilities_of((100.0, 1.0, 1.0, 1.0)) == [1.0, 0.0, 0.0]


def test_trees_serve_without_opening_the_joblib(tmp_path: Path) -> None:
    """The joblib here is no pickle at all."""
    model = artifact.load(written(tmp_path)).model

    assert model.source == "trees"
    assert model.probabilities_of((5.1, 3.5, 2.45, 0.2)) == pytest.approx([0.7, 0.15, 0.15])
