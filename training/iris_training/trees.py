"""The fitted pipeline as trees in plain numbers, where it is made of trees. Pure.

A threshold is the largest length in cm that scikit-learn sends to the left. Scaling, rounding to float32
and comparing keep the order of inputs, so a bisection over the doubles finds that length exactly. A reader
of the trees compares unscaled lengths and needs no scaler.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier

from iris_training.columns import CLASSES, FEATURES
from iris_training.data import LARGEST_LENGTH

# More than the mean of a few hundred numbers and an exponential can differ by.
TOLERANCE = 1e-12
# A server keeps all of them in memory, and refuses a card with more.
MOST_LEAVES = 50_000
MOST_TREES = 3000

LINKS = ("mean", "softmax")

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tree:
    """One entry per split, the root first; a child c ≥ 0 is a split behind it, c < 0 is the leaf -1 - c.

    Without any split, leaf 0 is the whole tree.
    """

    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    # For each leaf a number per class, or one number where a tree scores one class.
    value: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Trees:
    """`mean`: the mean of the leaves. `softmax`: base + sum, where tree i scores class i modulo classes."""

    link: str
    base: tuple[float, ...]
    trees: tuple[Tree, ...]

    @property
    def leaves(self) -> int:
        return sum(len(tree.value) for tree in self.trees)


@dataclass(frozen=True, slots=True)
class _Nodes:
    """One tree as scikit-learn holds it: a child below 0 or `is_leaf` ends it; `value` for each node."""

    feature: NDArray[np.intp]
    threshold: Matrix
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    is_leaf: NDArray[np.bool_]
    value: Matrix


class _Convert(Protocol):
    def __call__(self, classifier: Any) -> tuple[str, list[float], list[_Nodes], type]: ...


def of(fitted: Pipeline) -> Trees | None:
    """The trees, or None if the pipeline is not made of trees."""
    classifier = fitted["classify"]
    convert = _CONVERT.get(type(classifier))
    if convert is None:
        return None
    link, base, nodes, rounded_to = convert(classifier)
    cuts = iter(_in_centimetres(fitted.named_steps.get("scale"), nodes, rounded_to))
    return Trees(link, tuple(base), tuple(_tree(one, next(cuts)) for one in nodes))


def excess(trees: Trees) -> str | None:
    """What is more than a server reads, and the way."""
    for found, most, name in (
        (trees.leaves, MOST_LEAVES, "leaves"),
        (len(trees.trees), MOST_TREES, "trees"),
    ):
        if found > most:
            way = "grow fewer or smaller ones (n_estimators, max_iter, max_leaf_nodes)"
            return f"{found} {name}, at most {most} are written; {way}"
    return None


def check(trees: Trees) -> None:
    """Raise ValueError where a path could leave its tree, or never end: for trees that we did not grow."""
    width = 1 if trees.link == "softmax" else len(CLASSES)
    if not trees.trees or excess(trees) or len(trees.trees) % (len(CLASSES) // width):
        raise ValueError("trees")
    for tree in trees.trees:
        splits = len(tree.feature)
        if {len(tree.threshold), len(tree.left), len(tree.right), len(tree.value) - 1} != {splits}:
            raise ValueError("entries")
        children = [*enumerate(tree.left), *enumerate(tree.right)]
        if not all(split < child < splits or -splits - 1 <= child < 0 for split, child in children):
            raise ValueError("children")
        if not all(0 <= feature < len(FEATURES) for feature in tree.feature):
            raise ValueError("features")
        if any(len(value) != width for value in tree.value):
            raise ValueError("leaves")


def predict(trees: Trees, rows: ArrayLike) -> Matrix:
    """Probabilities from the trees alone."""
    lengths = np.asarray(rows, dtype=np.float64)
    totals = np.tile(np.array(trees.base), (len(lengths), 1))
    for number, tree in enumerate(trees.trees):
        values = np.array(tree.value)[_leaves(tree, lengths)]
        if trees.link == "mean":
            totals += values
        else:
            totals[:, number % len(trees.base)] += values[:, 0]
    if trees.link == "mean":
        return np.asarray(totals / len(trees.trees))
    powers = np.exp(totals - totals.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def difference(trees: Trees, fitted: Pipeline, rows: ArrayLike) -> float:
    """The largest difference to scikit-learn over these rows and over rows next to the thresholds."""
    tested = np.concatenate([np.asarray(rows, dtype=np.float64), _edges(trees)])
    return float(np.abs(predict(trees, tested) - fitted.predict_proba(tested)).max())


def _leaves(tree: Tree, lengths: Matrix) -> NDArray[np.intp]:
    """The leaf that each row reaches."""
    at = np.full(len(lengths), 0 if tree.feature else -1)
    feature, threshold = np.array(tree.feature, dtype=np.intp), np.array(tree.threshold)
    left, right = np.array(tree.left), np.array(tree.right)
    while (inside := np.flatnonzero(at >= 0)).size:
        split = at[inside]
        goes_left = lengths[inside, feature[split]] <= threshold[split]
        at[inside] = np.where(goes_left, left[split], right[split])
    return np.asarray(-1 - at)


def _edges(trees: Trees, count: int = 2000) -> Matrix:
    """Rows whose lengths are thresholds or the next larger double, where an error would show first."""
    chance = np.random.default_rng(0)
    columns = []
    for feature in range(len(FEATURES)):
        found = {
            cut
            for tree in trees.trees
            for cut, its_feature in zip(tree.threshold, tree.feature, strict=True)
            if its_feature == feature
        }
        cuts = np.array(sorted(found) or [1.0])
        near = np.concatenate([cuts, np.nextafter(cuts, np.inf)])
        columns.append(chance.choice(near[(near > 0) & (near <= LARGEST_LENGTH)], count))
    return np.stack(columns, axis=1)


def _in_centimetres(scaler: Any, trees: Sequence[_Nodes], rounded_to: type) -> list[Matrix]:
    """For each node of each tree the largest length that goes left: 0 if none does."""
    feature = np.concatenate([tree.feature for tree in trees])
    threshold = np.concatenate([tree.threshold for tree in trees])
    lines = np.arange(len(feature))
    # Positive doubles have the order of their bits.
    low = np.zeros(len(feature), dtype=np.int64)
    high = np.full(len(feature), np.float64(LARGEST_LENGTH).view(np.int64) + 1)
    while np.any(high - low > 1):
        middle = low + (high - low) // 2
        rows = np.ones((len(feature), len(FEATURES)))
        rows[lines, feature] = middle.view(np.float64)
        scaled = rows if scaler is None else scaler.transform(rows)
        goes_left = scaled[lines, feature].astype(rounded_to) <= threshold
        low, high = np.where(goes_left, middle, low), np.where(goes_left, high, middle)
    return np.split(low.view(np.float64), np.cumsum([len(tree.feature) for tree in trees])[:-1])


def _tree(nodes: _Nodes, cuts: Matrix) -> Tree:
    """Numbered again from the root, so that a split's children come behind it."""
    splits: list[int] = []
    leaves: list[int] = []
    names: dict[int, int] = {}
    waiting = [0]
    while waiting:
        node = waiting.pop()
        if nodes.is_leaf[node]:
            names[node] = -1 - len(leaves)
            leaves.append(node)
        else:
            names[node] = len(splits)
            splits.append(node)
            waiting += [int(nodes.right[node]), int(nodes.left[node])]
    return Tree(
        feature=tuple(nodes.feature[splits].tolist()),
        threshold=tuple(cuts[splits].tolist()),
        left=tuple(names[int(nodes.left[node])] for node in splits),
        right=tuple(names[int(nodes.right[node])] for node in splits),
        value=tuple(tuple(row) for row in nodes.value[leaves].tolist()),
    )


def _nodes(tree: Any, scale: float = 1.0) -> _Nodes:
    is_leaf = tree.children_left < 0
    feature = np.where(is_leaf, 0, tree.feature)
    value = tree.value[:, 0, :] * scale
    return _Nodes(feature, tree.threshold, tree.children_left, tree.children_right, is_leaf, value)


def _single(classifier: Any) -> tuple[str, list[float], list[_Nodes], type]:
    return "mean", [0.0] * len(CLASSES), [_nodes(classifier.tree_)], np.float32


def _forest(classifier: Any) -> tuple[str, list[float], list[_Nodes], type]:
    nodes = [_nodes(one.tree_) for one in classifier.estimators_]
    return "mean", [0.0] * len(CLASSES), nodes, np.float32


def _boosting(classifier: Any) -> tuple[str, list[float], list[_Nodes], type]:
    # scikit-learn has no public name for the scores before the first tree.
    base = classifier._raw_predict_init(np.ones((1, len(FEATURES))))[0]  # noqa: SLF001
    nodes = [_nodes(one.tree_, classifier.learning_rate) for one in classifier.estimators_.ravel()]
    return "softmax", base.tolist(), nodes, np.float32


def _histograms(classifier: Any) -> tuple[str, list[float], list[_Nodes], type]:
    # Nor for these trees, which have no missing values: training refuses them.
    base = classifier._baseline_prediction[0].tolist()  # noqa: SLF001
    trees = [one.nodes for stage in classifier._predictors for one in stage]  # noqa: SLF001
    nodes = [
        _Nodes(
            feature=tree["feature_idx"].astype(np.intp),
            threshold=tree["num_threshold"],
            left=tree["left"].astype(np.intp),
            right=tree["right"].astype(np.intp),
            is_leaf=tree["is_leaf"].astype(bool),
            value=tree["value"].reshape(-1, 1),
        )
        for tree in trees
    ]
    return "softmax", base, nodes, np.float64


_CONVERT: Mapping[type, _Convert] = {
    DecisionTreeClassifier: _single,
    RandomForestClassifier: _forest,
    ExtraTreesClassifier: _forest,
    GradientBoostingClassifier: _boosting,
    HistGradientBoostingClassifier: _histograms,
}
