"""Which rows are held back: by their own lengths alone, and as published for the sample."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_training import data, fit, holdout
from iris_training.data import Dataset
from iris_training.errors import Invalid
from sklearn.model_selection import train_test_split

SAMPLE = data.parse(data.sample(), name="sample")
LENGTHS = st.integers(1, 80).map(lambda tenths: tenths / 10)
ROWS = st.lists(st.tuples(LENGTHS, LENGTHS, LENGTHS, LENGTHS), min_size=1, max_size=60)


def test_the_sample_is_split_as_published_to_the_order() -> None:
    fitted, held = train_test_split(fit.rows(SAMPLE), test_size=0.2, random_state=42)

    parts = fit.split(SAMPLE, name="sample")

    assert np.array_equal(parts.fitted_rows, fitted)
    assert np.array_equal(parts.held_rows, held)


@given(ROWS, st.randoms(use_true_random=False))
def test_neither_order_nor_copies_nor_other_rows_change_what_is_held_back(
    rows: list[tuple[float, ...]], chance: random.Random
) -> None:
    more = [*rows, *rows, *SAMPLE.rows]
    chance.shuffle(more)

    before = dict(zip([*rows, *SAMPLE.rows], holdout.held([*rows, *SAMPLE.rows]), strict=True))
    after = zip(more, holdout.held(more), strict=True)

    assert all(before[row] == held for row, held in after)


def test_a_fifth_of_other_rows_is_held_back() -> None:
    rows = [tuple(row) for row in np.random.default_rng(3).uniform(0.1, 9, (5000, 4)).tolist()]

    assert 0.18 < np.mean(holdout.held(rows)) < 0.22


@given(ROWS)
def test_some_row_is_held_back_however_few_there_are(rows: list[tuple[float, ...]]) -> None:
    assert any(holdout.held(rows))


@given(ROWS)
def test_reference_rows_are_at_most_two_hundred_and_each_once(rows: list[tuple[float, ...]]) -> None:
    many = [tuple(length + shift for length in row) for row in rows for shift in range(5)]

    found = holdout.reference(many)

    assert len(found) == len(set(found)) == min(len(set(many)), holdout.MOST_REFERENCE_ROWS)
    assert found == holdout.reference(many[::-1])


def test_the_holdout_refuses_a_split_that_leaves_a_class_out() -> None:
    held = next(row for row, is_held in zip(SAMPLE.rows, holdout.held(SAMPLE.rows), strict=True) if is_held)
    dataset = Dataset((*SAMPLE.rows[:100], *[held] * 5), (*SAMPLE.labels[:100], *[2] * 5))

    with pytest.raises(Invalid) as refused:
        fit.split(dataset, name="t.csv")

    assert str(refused.value) == (
        "t.csv: found every row of virginica held back for the test, "
        "expected more rows of virginica, of other lengths"
    )
