"""What is sent for rows of any kind of number, by position or by name, without a network."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from iris_client import calls

NAMED = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}


class Frame:
    """What pandas and polars have in common: column names, and a column by its name."""

    def __init__(self, content: Mapping[str, Sequence[float]]) -> None:
        self._content = content
        self.columns = list(content)

    def __getitem__(self, name: str) -> Sequence[float]:
        return self._content[name]


@pytest.mark.parametrize(
    "number", [np.float32(0.5), np.int64(2), Decimal("0.2"), Fraction(1, 2), 3, 0.25], ids=repr
)
def test_a_row_may_hold_any_kind_of_number(number: Any) -> None:
    one = calls.predict([number] * 4).body
    many = calls.predict_batch([[number] * 4]).body

    assert one == dict.fromkeys(calls.FEATURES, float(number))
    assert many == {"rows": [[float(number)] * 4]}
    assert one is not None
    assert {type(value) for value in one.values()} <= {int, float}


def test_an_array_is_sent_row_by_row() -> None:
    rows = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]])

    assert calls.predict_batch(rows).body == {"rows": rows.tolist()}


@pytest.mark.parametrize("value", ["5.1", None, [1], float("nan"), float("inf"), Decimal("NaN")], ids=repr)
def test_a_value_that_is_no_finite_number_is_never_sent(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^petal_width: found .*, expected a finite number$"):
        calls.predict([5.1, 3.5, 1.4, value])
    with pytest.raises(ValueError, match=r"^rows\[1\]\.petal_width: found .*, expected a finite number$"):
        calls.predict_batch([[1, 2, 3, 4], [5.1, 3.5, 1.4, value]])


def test_a_mapping_is_read_by_name() -> None:
    reversed_order = dict(reversed(NAMED.items()))

    assert calls.predict(reversed_order).body == NAMED
    assert calls.predict_batch([reversed_order]).body == {"rows": [list(NAMED.values())]}


def test_a_frame_is_read_by_its_column_names() -> None:
    frame = Frame(
        {
            "petal_width": [0.2, 2.3],
            "species": [0, 1],
            "sepal_length": [5.1, 6.7],
            "sepal_width": [3.5, 3.0],
            "petal_length": [1.4, 5.2],
        }
    )

    assert calls.predict_batch(frame).body == {"rows": [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]}


def test_a_frame_without_the_features_is_never_sent() -> None:
    frame = Frame({"sepal length (cm)": [5.1], "petal_width": [0.2]})

    with pytest.raises(
        ValueError,
        match=r"^columns: found sepal length \(cm\), petal_width, expected sepal_length, sepal_width, "
        r"petal_length, petal_width",
    ):
        calls.predict_batch(frame)
    with pytest.raises(ValueError, match=r"^names: found petal_width, expected sepal_length"):
        calls.predict({"petal_width": 0.2})


@pytest.mark.parametrize(
    ("row", "found"),
    [([1, 2, 3], "3 values"), ([1, 2, 3, 4, 5], "5 values"), ([1], "1 value"), ([], "0 values")],
    ids=str,
)
def test_a_row_of_another_length_is_never_sent(row: list[float], found: str) -> None:
    with pytest.raises(ValueError, match=rf"found {found}, expected 4: sepal_length"):
        calls.predict(row)
    with pytest.raises(ValueError, match=rf"^rows\[0\]: found {found}, expected 4"):
        calls.predict_batch([row])
