"""Rows to the finished files of one version, in memory: fit, evaluate, fold, describe. Writes nothing."""

import hashlib
import io
import logging
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata

import joblib
from sklearn.pipeline import Pipeline

from iris_training import (
    card,
    checks,
    compare,
    comparison_report,
    evaluate,
    fit,
    golden,
    holdout,
    model_card,
    names,
    picture,
    portable,
    revision,
)
from iris_training.checks import Earlier
from iris_training.columns import CLASSES
from iris_training.compare import Candidate, Comparison
from iris_training.data import Dataset
from iris_training.errors import Faults, Invalid
from iris_training.facts import Facts
from iris_training.fit import Split
from iris_training.holdout import Row
from iris_training.portable import Portable
from iris_training.previous import Release
from iris_training.settings import Settings
from iris_training.source import Source

LIBRARIES = ("scikit-learn", "numpy", "joblib")
# One protocol for every Python we support, so that the bytes do not depend on it.
PICKLE_PROTOCOL = 5

logger = logging.getLogger(__name__)


def build(
    origin: Source, dataset: Dataset, settings: Settings, *, before: Release | None = None
) -> dict[str, bytes]:
    """The files by name, the card last; `before` is the release to compare with."""
    parts = fit.split(dataset, name=origin.name)
    fitted = fit.fit(parts, settings.recipe, seed=settings.seed)
    scores = evaluate.evaluate(fitted, parts, dataset, recipe=settings.recipe, seed=settings.seed)
    log_scores(scores)
    known = None if before is None else Earlier(before.version, before.ranges)
    suspicious = checks.warnings(dataset, scores.disagreements, name=origin.name, before=known)
    pickled = _pickle(fitted)
    facts = Facts(
        version=settings.version,
        recipe=settings.recipe,
        estimator=settings.recipe.describe(),
        created=settings.now,
        joblib_sha256=hashlib.sha256(pickled).hexdigest(),
        joblib_bytes=len(pickled),
        libraries=libraries(),
        commit=revision.of(),
        features=golden.features(dataset),
        scores=scores,
        data_source=origin.name,
        data_sha256=origin.sha256,
        data_rows=len(dataset.rows),
        seed=settings.seed,
        golden=golden.predictions(fitted, golden.inputs(dataset)),
        warnings=warnings(suspicious, settings),
        reference=reference(parts),
        portable=_portable(fitted, [*dataset.rows, *golden.inputs(dataset)]),
        comparison=_compare(dataset, before, origin, settings),
    )
    return render(facts, pickled)


def render(facts: Facts, pickled: bytes) -> dict[str, bytes]:
    """The files of one version, the card last."""
    files = names.build(facts.version)
    return {
        files.joblib: pickled,
        files.picture: picture.draw(facts.scores.confusion_matrix, CLASSES),
        files.model_card: model_card.render(facts).encode(),
        files.card: card.render(card.build(facts)),
    }


def reference(parts: Split) -> tuple[tuple[Row, str], ...]:
    """Rows with the name of their class; where copies differ in it, the last one's."""
    held = zip(map(tuple, parts.held_rows.tolist()), parts.held_labels.tolist(), strict=True)
    names_of = {row: CLASSES[label] for row, label in held}
    return tuple((row, names_of[row]) for row in holdout.reference(names_of))


def _compare(
    dataset: Dataset, before: Release | None, origin: Source, settings: Settings
) -> Comparison | None:
    if before is None:
        return None
    found = compare.compare(
        dataset,
        Candidate(settings.version, settings.recipe, settings.seed),
        Candidate(before.version, before.recipe, before.seed),
        same_data=before.data_sha256 == origin.sha256,
    )
    logger.info("%s", "\n".join(comparison_report.lines(found)))
    if found.worse and settings.no_worse:
        raise comparison_report.refusal(found, settings.version)
    return found


def warnings(found: Sequence[Invalid], settings: Settings) -> tuple[str, ...]:
    if found and settings.strict:
        faults = Faults()
        for one in found:
            faults.add(one)
        raise faults.refusal()
    lines = tuple(str(one) for one in found)
    for line in lines:
        logger.warning("warning: %s", line)
    return lines


def _portable(fitted: Pipeline, rows: Sequence[Sequence[float]]) -> Portable:
    form = portable.of(fitted, rows)
    if form.reason is not None:
        logger.warning(
            "model as data: omitted (%s); a server opens the joblib, unless spec.server.pickle is Deny",
            form.reason,
        )
    return form


def _pickle(fitted: Pipeline) -> bytes:
    target = io.BytesIO()
    joblib.dump(fitted, target, protocol=PICKLE_PROTOCOL)
    return target.getvalue()


def libraries() -> Mapping[str, str]:
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in LIBRARIES}


def log_scores(scores: evaluate.Scores) -> None:
    folds = scores.cross_validated
    logger.info("accuracy: %.4f on the rows held back", scores.accuracy)
    if folds is not None:
        logger.info("cross-validated accuracy: %.4f ± %.4f (%d folds)", folds.mean, folds.spread, folds.folds)
    logger.info("classification report:\n%s", scores.report.rstrip())
