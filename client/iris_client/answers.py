"""The server's answers as frozen dataclasses. No logic."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prediction:
    """The most probable class of one flower, and the probability of each class.

    `outside_training_range`: inputs that are smaller or larger than all that the model was trained on.
    """

    index: int
    label: str
    probabilities: tuple[float, ...]
    model_version: str
    request_id: str
    outside_training_range: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """The predictions of many flowers, one column per field: entry i belongs to row i."""

    indexes: tuple[int, ...]
    labels: tuple[str, ...]
    probabilities: tuple[tuple[float, ...], ...]
    model_version: str
    request_id: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The served model: version, digest, and where it comes from."""

    name: str
    model_version: str
    digest: str
    classes: tuple[str, ...]
