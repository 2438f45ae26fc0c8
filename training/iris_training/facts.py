"""Everything that describes an artifact, gathered once; card, model card and picture only render it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from iris_training.compare import Comparison
from iris_training.estimators import Recipe
from iris_training.evaluate import Scores
from iris_training.golden import Feature, Golden
from iris_training.holdout import Row
from iris_training.portable import Portable


@dataclass(frozen=True, slots=True)
class Imported:
    """Where a model comes from that was not trained here."""

    model: str
    run: str | None
    scikit_learn: str


@dataclass(frozen=True, slots=True)
class Facts:
    """One model, described."""

    version: str
    # None for an imported model.
    recipe: Recipe | None
    estimator: str
    created: datetime
    joblib_sha256: str
    joblib_bytes: int
    libraries: Mapping[str, str]
    # The commit of the training code, if git has one.
    commit: str | None
    features: tuple[Feature, ...]
    scores: Scores
    data_source: str
    data_sha256: str
    data_rows: int
    seed: int | None
    golden: tuple[Golden, ...]
    portable: Portable
    # What is suspicious about the data, a line each.
    warnings: tuple[str, ...]
    # Held-back rows with their classes, for comparing releases.
    reference: tuple[tuple[Row, str], ...]
    # With the release before, if there is one that can be compared.
    comparison: Comparison | None = None
    imported: Imported | None = None
