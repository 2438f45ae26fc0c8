"""Models made of trees: they answer as a plain walk does, and a card with any fault is refused."""

import json
import math
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_model_server.errors import ArtifactRefused
from iris_model_server.model import artifact, card, tree_arrays, tree_card, trees
from iris_model_server.model.arrays import table
from iris_model_server.model.tree_card import Tree, Trees
from iris_model_server.model.trees import BoxModel, WalkModel

from tests.model_server import artifacts

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


SMALL: Final[dict[str, Any]] = {
    "link": "mean",
    "base": [0.0, 0.0, 0.0],
    "trees": [
        {
            "feature": [2, 3],
            "threshold": [2.45, 1.75],
            "left": [-1, -2],
            "right": [1, -3],
            "value": [[1.0, 0.0, 0.0], [0.0, 0.9, 0.1], [0.0, 0.02, 0.98]],
        },
        {"feature": [], "threshold": [], "left": [], "right": [], "value": [[0.4, 0.3, 0.3]]},
    ],
}
GOLDEN: Final = [
    {"input": [5.1, 3.5, 1.4, 0.2], "probabilities": [0.7, 0.15, 0.15]},
    {"input": [6.0, 2.7, 4.2, 1.3], "probabilities": [0.2, 0.6, 0.2]},
    {"input": [6.7, 3.0, 5.2, 2.3], "probabilities": [0.2, 0.16, 0.64]},
]


def written(folder: Path, forest: Any = SMALL, **changes: Any) -> Path:
    return artifacts.write(
        folder, **({"schema": 2, "linear": None, "trees": forest, "golden": GOLDEN} | changes)
    )


def test_trees_serve_without_opening_the_joblib(tmp_path: Path) -> None:
    """The joblib here is no pickle at all."""
    model = artifact.load(written(tmp_path)).model

    assert model.source == "trees"
    assert model.probabilities_of((5.1, 3.5, 2.45, 0.2)) == pytest.approx([0.7, 0.15, 0.15])


def small(**changes: Any) -> dict[str, Any]:
    first, second = SMALL["trees"]
    return {**SMALL, "trees": [{**first, **changes}, second]}


REFUSED: Final[dict[str, tuple[Any, str]]] = {
    "a child outside": (
        small(right=[2, -3]),
        "trees.trees[0].right[0]: 2, expected a split from 1 to 1, or a leaf",
    ),
    "a leaf outside": (small(right=[1, -4]), "trees.trees[0].right[1]: -4"),
    "a way round in circles": (small(right=[1, 0]), "trees.trees[0].right[1]: 0"),
    "a child of itself": (small(left=[0, -2]), "trees.trees[0].left[0]: 0"),
    "a leaf twice": (small(left=[-3, -2]), "trees.trees[0].left and right: a child twice"),
    "a feature outside": (small(feature=[2, 4]), "trees.trees[0].feature[1]: 4, expected 0 to 3"),
    "a negative feature": (small(feature=[-1, 3]), "trees.trees[0].feature[0]: -1"),
    "too few features": (
        small(feature=[2]),
        "trees.trees[0].feature: 1 entries, expected 2, one less than leaves",
    ),
    "too few thresholds": (
        small(threshold=[2.45]),
        "trees.trees[0].threshold: 1 entries, expected 2, one less than leaves",
    ),
    "too few children": (
        small(left=[-1], right=[-2]),
        "trees.trees[0].left: 1 entries, expected 2, one less than leaves",
    ),
    "too many children": (
        small(right=[1, -3, -3]),
        "trees.trees[0].right: 3 entries, expected 2, one less than leaves",
    ),
    "a threshold beyond numbers": (small(threshold=[1e300, 1.75]), "trees.trees[0].threshold[0]: 1e+300"),
    "no leaves": (small(value=[]), "trees.trees[0].value"),
    "a leaf of two classes": (
        small(value=[[1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        "trees.trees[0].value[0]: 2 entries, expected 3",
    ),
    "a leaf beyond 1": (
        small(value=[[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        "trees.trees[0].value[0]: [2.0, 0.0, 0.0], expected probabilities with the sum 1",
    ),
    "an unknown link": ({**SMALL, "link": "sigmoid"}, "trees.link"),
    "a base of two classes": ({**SMALL, "base": [0.0, 0.0]}, "trees.base: 2 entries, expected 3"),
    "no trees": ({**SMALL, "trees": []}, "trees.trees"),
    "trees for some classes only": (
        {**SMALL, "link": "softmax"},
        "trees.trees: 2 trees, expected a multiple of 3",
    ),
    "too many trees": ({**SMALL, "trees": SMALL["trees"] * 1501}, "length <= 3000"),
    "another answer": (small(threshold=[0.5, 1.75]), "golden[0]"),
}


@pytest.mark.parametrize(("forest", "words"), REFUSED.values(), ids=REFUSED)
def test_the_reader_refuses_trees_that(tmp_path: Path, forest: Any, words: str) -> None:
    with pytest.raises(ArtifactRefused) as refused:
        artifact.load(written(tmp_path, forest))

    assert words in str(refused.value)


def chain(leaves: int) -> Tree:
    """Each split has one leaf, and the last one two."""
    splits = leaves - 1
    return Tree(
        feature=[0] * splits,
        threshold=[1.0] * splits,
        left=[*range(1, splits), -leaves],
        right=[*range(-1, -splits - 1, -1)],
        value=[[1.0, 0.0, 0.0]] * leaves,
    )


def test_the_reader_accepts_as_many_leaves_as_training_writes_and_refuses_one_more() -> None:
    half = tree_card.MOST_LEAVES // 2

    tree_card.check(Trees("mean", [0.0] * CLASSES, [chain(half), chain(half)]), CLASSES, "trees")
    with pytest.raises(ArtifactRefused) as refused:
        tree_card.check(Trees("mean", [0.0] * CLASSES, [chain(half), chain(half + 1)]), CLASSES, "trees")

    assert str(refused.value).endswith("trees.trees: 50001 leaves, expected at most 50000")


def test_the_reader_accepts_a_hundred_classes_and_refuses_one_more() -> None:
    leaf = Tree([], [], [], [], [[1.0, *[0.0] * 99]])

    tree_card.check(Trees("mean", [0.0] * 100, [leaf]), 100, "trees")
    with pytest.raises(ArtifactRefused) as refused:
        tree_card.check(Trees("mean", [0.0] * 101, [leaf]), 101, "trees")

    assert str(refused.value).endswith("trees: 101 classes, expected at most 100")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"schema": 1}, "schema: 1 with trees, expected 2", id="schema 1"),
        pytest.param(
            {"linear": artifacts.card()["linear"]}, "trees: linear too, expected one of both", id="linear"
        ),
    ],
)
def test_the_reader_refuses_a_card_of_trees_with(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ArtifactRefused) as refused:
        artifact.load(written(tmp_path, **changes))

    assert words in str(refused.value)


def test_the_reader_refuses_a_card_of_unreasonable_size() -> None:
    name = Path("model_pipeline_1.4.0.json")

    with pytest.raises(ArtifactRefused, match="bytes, expected at most"):
        card.parse(b" " * (card.MOST_BYTES + 1), name)


JUNK: Final[st.SearchStrategy[Any]] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just([]) | st.just({})
)


@given(st.data())
def test_a_changed_card_is_refused_or_answers_every_row(data: st.DataObject) -> None:
    """Whatever was changed, nothing but a refusal comes out, and what is accepted has an answer."""
    changed = artifacts.card() | {"schema": 2, "linear": None, "trees": SMALL, "golden": GOLDEN}
    changed = json.loads(json.dumps(changed))
    for _ in range(data.draw(st.integers(1, 3))):
        change(changed, data)
    content = json.dumps(changed).encode()

    try:
        parsed = card.parse(content, Path("model_pipeline_1.4.0.json"))
    except ArtifactRefused as refused:
        assert "\n" not in str(refused)  # noqa: PT017  # either way is right
        return
    if parsed.trees is None:
        return
    shares = trees.model_of(parsed.trees).probabilities_of((5.1, 3.5, 1.4, 0.2))
    assert sum(shares) == pytest.approx(1)
    assert len(shares) == len(parsed.classes)


def change(node: Any, data: st.DataObject) -> None:
    """Replace, remove or repeat something, anywhere."""
    while True:
        keys = [*node] if isinstance(node, dict) else [*range(len(node))]
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        if isinstance(node[key], dict | list) and data.draw(st.integers(0, 4)):
            node = node[key]
            continue
        what = data.draw(st.sampled_from(["replace", "nudge", "remove", "repeat"]))
        if what == "remove":
            del node[key]
        elif what == "repeat" and isinstance(node, list):
            node.append(node[key])
        elif what == "nudge" and isinstance(node[key], int | float):
            node[key] += data.draw(st.integers(-3, 3))
        else:
            node[key] = data.draw(JUNK)
        return
