"""The port to the artifact folder: a folder in, a verified artifact or a refusal out.

The order is the safety: signature (where there are keys), card, expected version, digest of the joblib, and
only then the model, which must repeat the golden predictions. A pickle is never opened before its digest and
libraries agree.
"""

import hashlib
import importlib
from dataclasses import dataclass
from importlib import metadata
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from iris_model_server.errors import ArtifactRefused
from iris_model_server.model import card as cards
from iris_model_server.model import model as models
from iris_model_server.model import trees
from iris_model_server.model.card import Card, Golden
from iris_model_server.model.model import Model
from iris_model_server.signature import files as folders
from iris_model_server.signature.files import Files
from iris_model_server.signature.keys import Verification

TOLERANCE: Final = 1e-9
# Only these decide how a pickled pipeline computes; the others in the card are informative.
DECISIVE: Final = ("scikit-learn", "numpy")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model that repeated its golden predictions, and the card it came with."""

    card: Card
    model: Model
    # The name of the key that signed it; empty without keys, and where none signed (mode Warn).
    signed_by: str = ""

    @property
    def digest(self) -> str:
        return f"sha256:{self.card.artifact.sha256}"


def load(
    folder: Path,
    expected_version: str | None = None,
    *,
    open_pickle: bool = True,
    verification: Verification | None = None,
) -> Artifact:
    """The expected version, or the newest one, verified from end to end."""
    files = folders.of(folder, verification)
    card = _choose(folder, files, expected_version)
    joblib_file = folder / card.artifact.file
    content = _verified(joblib_file, files.read(card.artifact.file), card)
    model = _from_data(card)
    if model is None:
        if not open_pickle:
            expected = "weights or trees in the card, or IRIS_PICKLE=Allow (spec.server.pickle)"
            raise ArtifactRefused(f"{joblib_file}: pickle", "a model that only its joblib holds", expected)
        model = _unpickled(joblib_file, content, card)
    _repeat_golden(model, card.golden, folder / cards.file_name(card.version))
    return Artifact(card, model, files.signed_by)


def _choose(folder: Path, files: Files, expected_version: str | None) -> Card:
    listed = files.names()
    names = [name for name in listed if cards.FILE_NAME.fullmatch(name)]
    if not names:
        found = "no model card" if listed else "an empty folder"
        raise ArtifactRefused(folder, found, "model_pipeline_<version>.json (make training)")
    if expected_version is not None:
        if cards.file_name(expected_version) not in names:
            found = ", ".join(name.removeprefix("model_pipeline_").removesuffix(".json") for name in names)
            raise ArtifactRefused(f"{folder}: version", found, f"{expected_version} (IRIS_EXPECTED_VERSION)")
        names = [cards.file_name(expected_version)]
    read = (cards.parse(files.read(name), folder / name) for name in names)
    return max(read, key=lambda card: (cards.created_at(card), card.version))


def _verified(file: Path, content: bytes, card: Card) -> bytes:
    if len(content) != card.artifact.bytes:
        raise ArtifactRefused(f"{file}: size", f"{len(content)} bytes", card.artifact.bytes)
    digest = hashlib.sha256(content).hexdigest()
    if digest != card.artifact.sha256:
        raise ArtifactRefused(f"{file}: sha256", digest, card.artifact.sha256)
    return content


def _from_data(card: Card) -> Model | None:
    """The model that needs no pickle."""
    if card.linear is not None:
        return models.FoldedModel(card.linear.weights, card.linear.intercept)
    if card.trees is not None:
        return trees.model_of(card.trees)
    return None


def _unpickled(file: Path, content: bytes, card: Card) -> Model:
    for library in DECISIVE:
        expected = card.libraries.get(library, "a version in the card")
        found = _installed(library)
        if found != expected:
            raise ArtifactRefused(f"{file}: {library}", found, f"{expected}, with which it was trained")
    # The bytes that were hashed, not the file again: it could have changed in between.
    pipeline = _open_pickle(file, content)
    _check_classes(pipeline, card.classes, file)
    return models.PipelineModel(pipeline)


def _installed(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"


def _open_pickle(file: Path, content: bytes) -> object:
    try:
        # Imported only here: the folded path must start without it.
        pipeline: object = importlib.import_module("joblib").load(BytesIO(content))
    except Exception as error:
        raise ArtifactRefused(
            file, f"{type(error).__name__}: {error}", "a pipeline that joblib opens"
        ) from error
    if not callable(getattr(pipeline, "predict_proba", None)):
        raise ArtifactRefused(file, type(pipeline).__name__, "a pipeline with predict_proba")
    return pipeline


def _check_classes(pipeline: Any, classes: list[str], file: Path) -> None:
    """predict_proba's columns are in the pipeline's own order: names, or numbers, of the card's classes."""
    if not hasattr(pipeline, "classes_"):
        return
    found = [str(label) for label in pipeline.classes_]
    numbers = range(len(classes))
    if found not in (classes, [str(one) for one in numbers], [str(float(one)) for one in numbers]):
        raise ArtifactRefused(f"{file}: classes_", found, f"{classes} or their numbers from 0, in this order")


def _repeat_golden(model: Model, golden: list[Golden], where: Path) -> None:
    rows = [entry.input for entry in golden]
    answers = model.probabilities(rows)
    for number, (entry, found) in enumerate(zip(golden, answers, strict=True)):
        pairs = zip(found, entry.probabilities, strict=False)
        # `all` and not the largest difference: a NaN hides from max.
        agrees = all(abs(share - expected) <= TOLERANCE for share, expected in pairs)
        if len(found) != len(entry.probabilities) or not agrees:
            expected = f"{entry.probabilities} within {TOLERANCE}"
            raise ArtifactRefused(f"{where}: golden[{number}]", found, expected)
