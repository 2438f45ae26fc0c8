"""Folded weights against scikit-learn, and what softmax must always hold."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_model_server.model.model import FoldedModel, PipelineModel
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.model_server import artifacts

FOLDED = FoldedModel(artifacts.WEIGHTS, artifacts.INTERCEPT)
CENTIMETRES = st.floats(min_value=0, max_value=100, exclude_min=True)
ROWS = st.lists(st.tuples(CENTIMETRES, CENTIMETRES, CENTIMETRES, CENTIMETRES), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    inputs, labels = load_iris(return_X_y=True)
    train, _, known, _ = train_test_split(inputs, labels, test_size=0.2, random_state=42)
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(train, known)


def test_the_folded_model_gives_the_reference_probabilities_to_nine_digits() -> None:
    (found,) = FOLDED.probabilities([(5.1, 3.5, 1.4, 0.2)])

    assert [float(f"{share:.9g}") for share in found] == [0.979042698, 0.0209571427, 1.59128401e-07]


def test_the_folded_model_agrees_with_the_pipeline_it_was_folded_from(pipeline: Pipeline) -> None:
    rows = load_iris().data.tolist()

    folded, unfolded = FOLDED.probabilities(rows), PipelineModel(pipeline).probabilities(rows)

    pairs = zip(folded, unfolded, strict=True)
    worst = max(abs(a - b) for left, right in pairs for a, b in zip(left, right, strict=True))
    assert worst < 1e-12


@given(ROWS)
def test_every_allowed_row_gives_shares_that_sum_to_one(
    rows: list[tuple[float, float, float, float]],
) -> None:
    for shares in FOLDED.probabilities(rows):
        assert math.isclose(sum(shares), 1, rel_tol=1e-12)
        assert all(0 <= share <= 1 for share in shares)


@given(ROWS)
def test_a_batch_equals_its_rows_one_by_one(rows: list[tuple[float, float, float, float]]) -> None:
    assert FOLDED.probabilities(rows) == [FOLDED.probabilities([row])[0] for row in rows]
