"""What the server says, as frozen values. No logic."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prediction:
    """One flower: its most probable class and the probability of each."""

    index: int
    label: str
    probabilities: tuple[float, ...]
    model_version: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Many flowers, one column per field: entry i belongs to row i."""

    indexes: tuple[int, ...]
    labels: tuple[str, ...]
    probabilities: tuple[tuple[float, ...], ...]
    model_version: str
    request_id: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The proof of what serves."""

    name: str
    model_version: str
    digest: str
    classes: tuple[str, ...]
