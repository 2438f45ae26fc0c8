"""How good the fitted pipeline is, as plain numbers. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from sklearn.metrics import classification_report, confusion_matrix
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline

from iris_training import fit
from iris_training.columns import CLASSES
from iris_training.data import Dataset
from iris_training.estimators import Recipe
from iris_training.fit import Split

FOLDS = 5


@dataclass(frozen=True, slots=True)
class ClassScores:
    """How one class fared among the rows held back."""

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
    cross_validated: CrossValidation
    confusion_matrix: tuple[tuple[int, ...], ...]
    classes: Mapping[str, ClassScores]
    report: str


def evaluate(fitted: Pipeline, parts: Split, dataset: Dataset, *, recipe: Recipe, seed: int) -> Scores:
    """Judge by the rows held back, and by cross-validation of the same recipe over all rows."""
    predicted = fitted.predict(parts.held_rows)
    names = {"labels": range(len(CLASSES)), "target_names": CLASSES, "zero_division": 0.0}
    by_class = classification_report(parts.held_labels, predicted, output_dict=True, **names)
    matrix = confusion_matrix(parts.held_labels, predicted, labels=names["labels"])
    return Scores(
        accuracy=float((predicted == parts.held_labels).mean()),
        cross_validated=_cross_validate(dataset, recipe, seed),
        confusion_matrix=tuple(tuple(int(count) for count in row) for row in matrix),
        classes={label: _class_scores(by_class[label]) for label in CLASSES},
        report=classification_report(parts.held_labels, predicted, **names),
    )


def _class_scores(row: Mapping[str, float]) -> ClassScores:
    return ClassScores(
        precision=float(row["precision"]),
        recall=float(row["recall"]),
        f1=float(row["f1-score"]),
        support=int(row["support"]),
    )


def _cross_validate(dataset: Dataset, recipe: Recipe, seed: int) -> CrossValidation:
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    candidate = fit.pipeline(recipe, seed=seed)
    accuracies = cross_val_score(candidate, fit.rows(dataset), fit.labels(dataset), cv=folds)
    return CrossValidation(float(accuracies.mean()), float(accuracies.std()), FOLDS)
