"""Scores of a model that errs: the sample's is too good to show which way round a matrix stands."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from iris_training import data, evaluate, fit
from iris_training.estimators import Recipe
from iris_training.evaluate import ClassScores


class Recorded:
    """A model that answers what it is told to."""

    def __init__(self, answers: Sequence[int]) -> None:
        self.answers = np.array(answers)

    def predict(self, _rows: Any) -> Any:
        return self.answers


def test_rows_of_the_matrix_are_the_truth_and_columns_the_prediction() -> None:
    dataset = data.parse(data.sample(), name="sample")
    rows = np.ones((5, 4))
    parts = fit.Split(rows, np.zeros(5, dtype=np.int64), rows, np.array([0, 0, 0, 1, 1]))

    scores = evaluate.evaluate(Recorded([0, 1, 1, 1, 1]), parts, dataset, recipe=Recipe(), seed=42)

    assert scores.confusion_matrix == ((1, 2, 0), (0, 2, 0), (0, 0, 0))
    assert scores.accuracy == pytest.approx(0.6)
    assert scores.classes["setosa"] == ClassScores(precision=1.0, recall=1 / 3, f1=0.5, support=3)
    assert scores.classes["virginica"] == ClassScores(precision=0.0, recall=0.0, f1=0.0, support=0)
