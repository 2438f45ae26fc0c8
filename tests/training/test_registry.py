"""The answer of the process that opens a model of others: any lie in it is refused in one line."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_training.errors import Invalid
from iris_training.registry import answer

ROWS = [(5.1, 3.5, 1.4, 0.2), (6.0, 2.7, 4.2, 1.3), (6.7, 3.0, 5.2, 2.3)]
SHARES = [[1.0, 0.0, 0.0], [0.0, 0.9, 0.1], [0.0, 0.02, 0.98]]
GOOD: dict[str, Any] = {
    "estimator": "DecisionTreeClassifier",
    "classes": ["0", "1", "2"],
    "features": ["sepal length (cm)", "Sepal.Width", "petal_length", "petal width"],
    "reason": None,
    "linear": None,
    "trees": {
        "link": "mean",
        "base": [0.0, 0.0, 0.0],
        "trees": [
            {
                "feature": [2, 3],
                "threshold": [2.45, 1.75],
                "left": [-1, -2],
                "right": [1, -3],
                "value": SHARES,
            }
        ],
    },
    "probabilities": SHARES,
}


def parsed(read: Any) -> Any:
    return answer.parse(json.dumps(read).encode(), ROWS, "models:/x/1")


def tree(**changes: Any) -> dict[str, Any]:
    changed = copy.deepcopy(GOOD)
    changed["trees"]["trees"][0] |= changes
    return changed


def test_an_honest_answer_is_the_model_as_data() -> None:
    estimator, form, probabilities = parsed(GOOD)

    assert estimator == "DecisionTreeClassifier"
    assert form.trees is not None
    assert form.trees.leaves == 3
    assert [list(row) for row in probabilities] == SHARES


LIES = {
    "no JSON object": ([], "no answer of the process"),
    "a reason": (GOOD | {"reason": "an\nodd one"}, "expected a model that can be data; train it with"),
    "all of a long reason": (GOOD | {"reason": "x" * 199 + "y"}, "xy', expected a model that can be data"),
    "a reason without end": (GOOD | {"reason": "x" * 10**6}, "x…', expected a model that can be data"),
    "an order of classes": (GOOD | {"classes": ["2", "1", "0"]}, "in this order"),
    "an order of features": (GOOD | {"features": GOOD["features"][::-1]}, "in this order"),
    "a way round in circles": (tree(right=[1, 0]), "numbers that do not form a model"),
    "a child of itself": (tree(left=[0, -2]), "numbers that do not form a model"),
    "a leaf outside": (tree(right=[1, -4]), "numbers that do not form a model"),
    "a feature outside": (tree(feature=[2, 4]), "numbers that do not form a model"),
    "a negative feature": (tree(feature=[2, -1]), "numbers that do not form a model"),
    "too few children": (tree(left=[-1]), "numbers that do not form a model"),
    "a leaf of two classes": (tree(value=[[1.0, 0.0]] * 3), "numbers that do not form a model"),
    "infinity": (tree(threshold=[float("inf"), 1.75]), "numbers that do not form a model"),
    "no trees": (GOOD | {"trees": GOOD["trees"] | {"trees": []}}, "numbers that do not form a model"),
    "neither form": (GOOD | {"trees": None}, "numbers that do not form a model"),
    "other probabilities": (GOOD | {"probabilities": SHARES[::-1]}, "do not repeat its own answers"),
    "too few probabilities": (GOOD | {"probabilities": SHARES[:2]}, "do not repeat its own answers"),
}


@pytest.mark.parametrize(("read", "words"), LIES.values(), ids=LIES)
def test_an_answer_is_refused_in_one_line_for(read: Any, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        parsed(read)

    assert words in str(refused.value)
    assert len(refused.value.lines) == 1


JUNK: st.SearchStrategy[Any] = (
    st.none() | st.integers(-9, 9) | st.floats() | st.text(max_size=2) | st.just([]) | st.just({})
)


@given(st.data())
def test_any_changed_answer_is_refused_or_repeats_itself(drawn: st.DataObject) -> None:
    """Nothing but a refusal comes out, and no tree is walked for ever."""
    read = copy.deepcopy(GOOD)
    node: Any = read
    while isinstance(node, dict | list) and node:
        keys = [*node] if isinstance(node, dict) else [*range(len(node))]
        key = drawn.draw(st.sampled_from(keys))
        if not isinstance(node[key], dict | list) or drawn.draw(st.integers(0, 3)) == 0:
            node[key] = drawn.draw(JUNK)
            break
        node = node[key]

    try:
        _, form, _ = parsed(read)
    except Invalid:
        return
    assert form.trees is not None
