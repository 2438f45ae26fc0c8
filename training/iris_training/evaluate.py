"""How good the fitted pipeline is, as plain numbers. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import classification_report, confusion_matrix
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline

from iris_training import fit
from iris_training.columns import CLASSES
from iris_training.data import Dataset
from iris_training.estimators import Recipe
from iris_training.fit import Split

FOLDS = 5


@dataclass(frozen=True, slots=True)
class ClassScores:
    """The scores of one class over the rows held back."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """Accuracy over folds of all rows; spread is the standard deviation between the folds."""

    mean: float
    spread: float
    folds: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Everything measured; rows of the confusion matrix are the truth, columns the prediction."""

    accuracy: float
    # None for an imported model, which cannot be fitted again.
    cross_validated: CrossValidation | None
    confusion_matrix: tuple[tuple[int, ...], ...]
    classes: Mapping[str, ClassScores]
    report: str
    # Rows whose labels a model of other rows would not give.
    disagreements: tuple[int, ...] = ()


def evaluate(fitted: Pipeline, parts: Split, dataset: Dataset, *, recipe: Recipe, seed: int) -> Scores:
    """Judge by the rows held back, and by cross-validation of the same recipe over all rows."""
    cross_validated, disagreements = _cross_validate(dataset, recipe, seed)
    return judge(fitted.predict(parts.held_rows), parts, cross_validated, disagreements)


def judge(
    predicted: NDArray[np.intp],
    parts: Split,
    cross_validated: CrossValidation | None = None,
    disagreements: tuple[int, ...] = (),
) -> Scores:
    """Compare the predicted classes of the rows held back with the true ones."""
    names = {"labels": range(len(CLASSES)), "target_names": CLASSES, "zero_division": 0.0}
    by_class = classification_report(parts.held_labels, predicted, output_dict=True, **names)
    matrix = confusion_matrix(parts.held_labels, predicted, labels=names["labels"])
    return Scores(
        accuracy=float((predicted == parts.held_labels).mean()),
        cross_validated=cross_validated,
        confusion_matrix=tuple(tuple(int(count) for count in row) for row in matrix),
        classes={label: _class_scores(by_class[label]) for label in CLASSES},
        disagreements=disagreements,
        report=classification_report(parts.held_labels, predicted, **names),
    )


def _class_scores(row: Mapping[str, float]) -> ClassScores:
    return ClassScores(
        precision=float(row["precision"]),
        recall=float(row["recall"]),
        f1=float(row["f1-score"]),
        support=int(row["support"]),
    )


def _cross_validate(dataset: Dataset, recipe: Recipe, seed: int) -> tuple[CrossValidation, tuple[int, ...]]:
    """The accuracies, and the rows whose labels the models of the other folds would not give."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    rows, labels = fit.rows(dataset), fit.labels(dataset)
    agreed = np.zeros(len(labels), dtype=bool)
    accuracies = []
    for fitted, held in folds.split(rows, labels):
        candidate = fit.pipeline(recipe, seed=seed).fit(rows[fitted], labels[fitted])
        agreed[held] = candidate.predict(rows[held]) == labels[held]
        accuracies.append(agreed[held].mean())
    found = CrossValidation(float(np.mean(accuracies)), float(np.std(accuracies)), FOLDS)
    return found, tuple(np.flatnonzero(~agreed).tolist())
