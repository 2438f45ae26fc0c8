"""Two recipes on the same rows and folds: by how much one is better, and how sure that is. Pure.

Repeated stratified cross-validation fits both recipes on each training part and scores both on the part held
out, so their differences are paired. The parts overlap, and the plain standard error of the differences would
be too small. Nadeau and Bengio (Inference for the Generalization Error, Machine Learning 52, 2003) replace
1/J by 1/J + test rows / training rows for J parts; Bouckaert and Frank (PAKDD 2004) found that repeated
cross-validation with this correction keeps its error rate. The interval is Student's t with J - 1 degrees of
freedom.

Worse means that one of two 95 % intervals lies wholly on the worse side: for a recipe that is no worse, that
happens at most in 5 % of comparisons (2.5 % for each of accuracy and log loss).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit
from sklearn.model_selection import RepeatedStratifiedKFold

from iris_training import fit
from iris_training.columns import CLASSES
from iris_training.data import Dataset
from iris_training.estimators import Recipe
from iris_training.evaluate import FOLDS

REPEATS = 3
# Of the folds alone, so that --seed does not choose a favourable comparison.
FOLD_SEED = 0
CONFIDENCE = 0.95
# The chance of finding a difference of the smallest detectable size.
POWER = 0.8
# A forest often gives a class the probability 0, whose logarithm would let one row decide.
SMALLEST_PROBABILITY = 1e-3

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is fitted in each fold."""

    version: str
    recipe: Recipe
    seed: int

    @property
    def draws(self) -> int | None:
        """The seed, where the estimator uses it."""
        return self.seed if self.recipe.kind.random else None


@dataclass(frozen=True, slots=True)
class Difference:
    """A score of the new release, of the one before, and new minus before with its interval."""

    new: float
    before: float
    difference: float
    low: float
    high: float
    # Smaller differences mostly go unnoticed with this number of rows.
    smallest_detectable: float


@dataclass(frozen=True, slots=True)
class Recall:
    """The share of a class's rows that was recognized."""

    new: float
    before: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The new release beside the one before, both fitted on the same rows."""

    version: str
    estimator: str
    rows: int
    folds: int
    repeats: int
    accuracy: Difference
    log_loss: Difference
    recall: Mapping[str, Recall]
    # The share of rows to which both give the same class.
    agreement: float
    # The same recipe and seed: no fit can differ.
    same_recipe: bool
    # False: the release before was trained on other data than these rows.
    same_data: bool

    @property
    def worse(self) -> bool:
        """True if an interval lies wholly on the worse side."""
        return self.accuracy.high < 0 or self.log_loss.low > 0

    @property
    def better(self) -> bool:
        """True if an interval lies wholly on the better side, and none on the other."""
        return not self.worse and (self.accuracy.low > 0 or self.log_loss.high < 0)


def compare(dataset: Dataset, new: Candidate, before: Candidate, *, same_data: bool) -> Comparison:
    """Fit both recipes on the same folds and compare their scores on the rows held out."""
    same = (new.recipe, new.draws) == (before.recipe, before.draws)
    labels = fit.labels(dataset)
    parts = [*_folds(dataset)]
    ours = _probabilities(dataset, new, parts)
    theirs = ours if same else _probabilities(dataset, before, parts)
    truth = [labels[held] for _, held in parts]
    hits = [_hits(one, truth) for one in (ours, theirs)]
    losses = [_losses(one, truth) for one in (ours, theirs)]
    classes = np.concatenate(truth)
    right, right_before = map(np.concatenate, hits)
    return Comparison(
        version=before.version,
        estimator=before.recipe.describe(),
        rows=len(labels),
        folds=FOLDS,
        repeats=REPEATS,
        accuracy=difference(*hits, rows=len(labels)),
        log_loss=difference(*losses, rows=len(labels)),
        recall={
            label: Recall(float(right[classes == index].mean()), float(right_before[classes == index].mean()))
            for index, label in enumerate(CLASSES)
        },
        agreement=float(
            np.mean(np.concatenate(ours).argmax(axis=1) == np.concatenate(theirs).argmax(axis=1))
        ),
        same_recipe=same,
        same_data=same_data,
    )


def _folds(dataset: Dataset) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    folds = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=FOLD_SEED)
    return [*folds.split(fit.rows(dataset), fit.labels(dataset))]


def _probabilities(
    dataset: Dataset, candidate: Candidate, parts: list[tuple[NDArray[np.intp], NDArray[np.intp]]]
) -> list[Vector]:
    rows, labels = fit.rows(dataset), fit.labels(dataset)
    return [
        fit.pipeline(candidate.recipe, seed=candidate.seed)
        .fit(rows[fitted], labels[fitted])
        .predict_proba(rows[held])
        for fitted, held in parts
    ]


def _hits(probabilities: list[Vector], truth: list[NDArray[np.int64]]) -> list[Vector]:
    """1 for each row whose class was recognized, else 0."""
    return [
        np.asarray(one.argmax(axis=1) == labels, dtype=np.float64)
        for one, labels in zip(probabilities, truth, strict=True)
    ]


def _losses(probabilities: list[Vector], truth: list[NDArray[np.int64]]) -> list[Vector]:
    """For each row the negative logarithm of its class's probability."""
    return [
        -np.log(np.maximum(one[np.arange(len(labels)), labels], SMALLEST_PROBABILITY))
        for one, labels in zip(probabilities, truth, strict=True)
    ]


def difference(new: list[Vector], before: list[Vector], *, rows: int) -> Difference:
    """The mean difference over the parts, with the corrected interval."""
    scores = np.array([part.mean() for part in new])
    scores_before = np.array([part.mean() for part in before])
    differences = scores - scores_before
    mean = float(differences.mean())
    parts = len(differences)
    error = float(differences.std(ddof=1)) * (1 / parts + 1 / (FOLDS - 1)) ** 0.5
    wide = float(stdtrit(parts - 1, (1 + CONFIDENCE) / 2))
    # Where no row differs the error is 0, yet up to 3 of so many rows may (the rule of three).
    detectable = max((wide + float(stdtrit(parts - 1, POWER))) * error, 3 / rows)
    return Difference(
        new=float(scores.mean()),
        before=float(scores_before.mean()),
        difference=mean,
        low=mean - wide * error,
        high=mean + wide * error,
        smallest_detectable=detectable,
    )
