"""A card of trees: any fault is refused before a row reaches it."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_model_server.errors import ArtifactRefused
from iris_model_server.model import artifact, card, tree_card, trees
from iris_model_server.model.tree_card import Tree, Trees

from tests.model_server import artifacts
from tests.model_server.tree_artifacts import GOLDEN, SMALL, written

CLASSES: Final = 3


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
        "trees.trees[0].feature: 1 entry, expected 2, one less than leaves",
    ),
    "too few thresholds": (
        small(threshold=[2.45]),
        "trees.trees[0].threshold: 1 entry, expected 2, one less than leaves",
    ),
    "too few children": (
        small(left=[-1], right=[-2]),
        "trees.trees[0].left: 1 entry, expected 2, one less than leaves",
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
