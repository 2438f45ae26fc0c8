"""Parses and checks the model card, the JSON beside the joblib.

It reads no other file: a parsed card is consistent in itself, but not yet verified.
"""

import hashlib
import itertools
import re
import struct
from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from iris_model_server.errors import ArtifactRefused, counted
from iris_model_server.model import tree_card
from iris_model_server.model.tree_card import Trees
from iris_model_server.schemas import FEATURES, FeatureInfo, Row

SCHEMA_OF_TREES: Final = 2
SCHEMAS: Final = (1, SCHEMA_OF_TREES)
MOST_BYTES: Final = 16 * 1024 * 1024
MOST_REFERENCE_ROWS: Final = 200
VERSION: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
FILE_NAME: Final = re.compile(r"model_pipeline_(?P<version>.+)\.json")

Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class File(Struct, frozen=True):
    """The joblib that belongs to this card."""

    file: str
    sha256: Digest
    bytes: Annotated[int, Meta(ge=1)]


class Golden(Struct, frozen=True):
    """An input, and the probabilities that training computed for it."""

    input: list[float]
    probabilities: list[float]


class Linear(Struct, frozen=True):
    """A linear pipeline folded into one matrix: a prediction needs neither pickle nor scikit-learn."""

    weights: list[list[float]]
    intercept: list[float]
    sha256: Digest


class Distribution(Struct, frozen=True):
    """The distribution of a feature's training values: upper edges of buckets, and the share in each."""

    edges: Annotated[list[float], Meta(max_length=9)]
    shares: list[Annotated[float, Meta(gt=0, le=1)]]


class Reference(Struct, frozen=True):
    """Rows that no release is trained on, by which releases are compared, with their true labels."""

    # The rule by which training holds rows back.
    rule: str
    rows: Annotated[list[Row], Meta(max_length=MOST_REFERENCE_ROWS)]
    labels: list[str]


class Card(Struct, frozen=True):
    """The fields of the card that the server uses; others are ignored."""

    schema: int
    version: str
    created: str
    artifact: File
    libraries: dict[str, str]
    features: list[FeatureInfo]
    classes: Annotated[list[str], Meta(min_length=2)]
    golden: Annotated[list[Golden], Meta(min_length=1)]
    linear: Linear | None
    # Absent in cards of older releases.
    distributions: dict[str, Distribution] | None = None
    reference: Reference | None = None
    # Not in cards of schema 1, for a server that reads only those would open the joblib instead.
    trees: Trees | None = None


class _Schema(Struct, frozen=True):
    """Read before the rest, whose form depends on it."""

    schema: int


_DECODER: Final = msgspec.json.Decoder(Card)
_SCHEMA_DECODER: Final = msgspec.json.Decoder(_Schema)
_KNOWN: Final = " or ".join(map(str, SCHEMAS))


def file_name(version: str) -> str:
    """The name of the card of a version."""
    return f"model_pipeline_{version}.json"


def created_at(card: Card) -> datetime:
    """The time of training, to find the newest."""
    return datetime.fromisoformat(card.created)


def parse(content: bytes, where: PurePath) -> Card:
    """A card consistent in itself, or the refusal that names the first field that is not."""
    if len(content) > MOST_BYTES:
        raise ArtifactRefused(where, f"{len(content)} bytes", f"at most {MOST_BYTES}")
    try:
        found = _SCHEMA_DECODER.decode(content).schema
        if found not in SCHEMAS:
            expected = f"{_KNOWN}, which this server reads (a newer schema needs a newer server)"
            raise ArtifactRefused(f"{where}: schema", found, expected)
        card = _DECODER.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArtifactRefused(where, error, f"a model card of schema {_KNOWN}") from error
    _check_identity(card, where)
    _check_shapes(card, where)
    return card


def _check_identity(card: Card, where: PurePath) -> None:
    if card.trees is not None and card.schema < SCHEMA_OF_TREES:
        raise ArtifactRefused(f"{where}: schema", f"{card.schema} with trees", SCHEMA_OF_TREES)
    if card.trees is not None and card.linear is not None:
        raise ArtifactRefused(f"{where}: trees", "linear too", "one of both")
    if not VERSION.fullmatch(card.version):
        raise ArtifactRefused(f"{where}: version", repr(card.version), VERSION.pattern)
    if where.name != file_name(card.version):
        raise ArtifactRefused(f"{where}: version", card.version, f"the version in the file name {where.name}")
    try:
        zoned = created_at(card).tzinfo is not None
    except ValueError:
        zoned = False
    if not zoned:
        raise ArtifactRefused(
            f"{where}: created", repr(card.created), "a moment such as 2026-11-23T12:00:00Z"
        )
    if PurePath(card.artifact.file).name != card.artifact.file:
        # A path could point the unpickler outside the folder.
        raise ArtifactRefused(f"{where}: artifact.file", repr(card.artifact.file), "a name without folders")


def _check_shapes(card: Card, where: PurePath) -> None:
    names = tuple(feature.name for feature in card.features)
    if names != FEATURES:
        raise ArtifactRefused(f"{where}: features", list(names), list(FEATURES))
    for feature in card.features:
        if not 0 < feature.minimum <= feature.maximum:
            found = f"minimum {feature.minimum}, maximum {feature.maximum}"
            raise ArtifactRefused(f"{where}: features.{feature.name}", found, "0 < minimum <= maximum")
        if card.distributions is not None:
            _check_distribution(card.distributions.get(feature.name), feature, where)
    if len(set(card.classes)) != len(card.classes):
        raise ArtifactRefused(f"{where}: classes", card.classes, "names that differ")
    for number, golden in enumerate(card.golden):
        _check_length(golden.input, len(FEATURES), f"{where}: golden[{number}].input")
        _check_length(golden.probabilities, len(card.classes), f"{where}: golden[{number}].probabilities")
    if card.reference is not None:
        _check_length(card.reference.labels, len(card.reference.rows), f"{where}: reference.labels")
    if card.trees is not None:
        tree_card.check(card.trees, len(card.classes), f"{where}: trees")
    if card.linear is not None:
        _check_linear(card.linear, len(card.classes), f"{where}: linear")


def _check_linear(linear: Linear, classes: int, where: str) -> None:
    _check_length(linear.weights, classes, f"{where}.weights")
    _check_length(linear.intercept, classes, f"{where}.intercept")
    for number, weights in enumerate(linear.weights):
        _check_length(weights, len(FEATURES), f"{where}.weights[{number}]")
    if _digest(linear) != linear.sha256:
        raise ArtifactRefused(f"{where}.sha256", linear.sha256, _digest(linear))


def _check_distribution(distribution: Distribution | None, feature: FeatureInfo, where: PurePath) -> None:
    name = f"{where}: distributions.{feature.name}"
    if distribution is None:
        raise ArtifactRefused(name, "nothing", "edges and shares")
    _check_length(distribution.shares, len(distribution.edges) + 1, f"{name}.shares")
    bounded = [*distribution.edges, feature.maximum]
    if bounded[0] < feature.minimum or sorted(set(bounded)) != bounded:
        expected = f"numbers that ascend, from {feature.minimum} to less than {feature.maximum}"
        raise ArtifactRefused(f"{name}.edges", distribution.edges, expected)


def _digest(linear: Linear) -> str:
    # The contract's canonical bytes: weights row by row, then the intercept, little-endian doubles.
    numbers = [*itertools.chain.from_iterable(linear.weights), *linear.intercept]
    return hashlib.sha256(struct.pack(f"<{len(numbers)}d", *numbers)).hexdigest()


def _check_length(values: Sequence[object], length: int, where: str) -> None:
    if len(values) != length:
        raise ArtifactRefused(where, counted(len(values), "entry", "entries"), length)
