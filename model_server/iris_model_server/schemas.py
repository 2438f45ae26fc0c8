"""The structs of requests and answers, from which they are decoded, encoded and documented.

They have no logic. The bounds of numbers are here because the decoder and the OpenAPI document both use
them.
"""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

# The names of the measured fields, in the order of every model's inputs.
FEATURES: Final = ("sepal_length", "sepal_width", "petal_length", "petal_width")
# No part of an iris is a metre long: a larger value has the wrong unit.
LARGEST_CM: Final = 100.0

Centimetres = Annotated[float, Meta(gt=0, le=LARGEST_CM, description="In centimetres.")]
Row = tuple[Centimetres, Centimetres, Centimetres, Centimetres]
Numbers = Sequence[float]


class PredictRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """One flower, measured in centimetres."""

    sepal_length: Centimetres
    sepal_width: Centimetres
    petal_length: Centimetres
    petal_width: Centimetres


class BatchRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Many flowers: each row is sepal length, sepal width, petal length, petal width in centimetres."""

    rows: Annotated[list[Row], Meta(min_length=1)]


Outside = Annotated[
    list[str],
    Meta(description="Inputs outside the range of the training data; absent if there are none."),
]


class PredictAnswer(Struct, frozen=True, omit_defaults=True):
    """The most probable class and the probability of each, in the order of the model's classes."""

    prediction: int
    prediction_label: str
    request_id: str
    model_version: str
    probabilities: list[float]
    outside_training_range: Outside = []


class BatchAnswer(Struct, frozen=True):
    """The same as for one flower, one column per field: entry i belongs to row i."""

    prediction: list[int]
    prediction_label: list[str]
    probabilities: list[list[float]]
    request_id: str
    model_version: str


class FeatureInfo(Struct, frozen=True):
    """An input of the model, with its range in the training data."""

    name: str
    unit: str
    minimum: float
    maximum: float


class ModelInfo(Struct, frozen=True):
    """The model that is serving, identified by name, version and digest."""

    name: str
    version: str
    digest: str
    features: list[FeatureInfo]
    classes: list[str]
    created: str
    started: str
    reloads: int
    source: str
    # Allow or Deny. An operator reads from it that the server enforces what was declared.
    pickle: str
    # The key of spec.verify that signed the model; empty without keys, and where none of them signed.
    signed_by: str


class ReferenceRows(Struct, frozen=True):
    """Rows that no release by this rule is trained on, with their labels, from the model's card.

    Empty where the card has none: it was written by an older release of the training.
    """

    rule: str = ""
    rows: list[Row] = []
    labels: list[str] = []


class Health(Struct, frozen=True):
    """A summary for people; probes use /livez and /readyz."""

    status: str
    model_name: str
    model_version: str
    uptime_seconds: float


class Probe(Struct, frozen=True):
    """The answer to a probe that succeeded."""

    status: str


class Fault(Struct, frozen=True):
    """One fault of the input."""

    field: str
    found: str
    expected: str


class ProblemDetails(Struct, frozen=True, omit_defaults=True):
    """An error as RFC 9457 describes it; `errors` lists what is wrong with an input."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: tuple[Fault, ...] = ()


ALL: Final = (
    PredictRequest,
    BatchRequest,
    PredictAnswer,
    BatchAnswer,
    ModelInfo,
    ReferenceRows,
    Health,
    Probe,
    ProblemDetails,
)
