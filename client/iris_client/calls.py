"""Builds the request of each method, and reads its answer. Pure."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, SupportsFloat, TypeVar

from iris_client.answers import Batch, ModelInfo, Prediction

Answer = TypeVar("Answer", Prediction, Batch, ModelInfo)
FEATURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
Row = Iterable[SupportsFloat] | Mapping[str, SupportsFloat]


class Frame(Protocol):
    """A DataFrame of pandas or polars: columns by name."""

    @property
    def columns(self) -> Iterable[str]: ...

    def __getitem__(self, name: str, /) -> Iterable[SupportsFloat]: ...


Rows = Iterable[Row] | Frame


@dataclass(frozen=True, slots=True)
class Call(Generic[Answer]):
    """One request. All requests may be sent twice, because none changes anything."""

    method: str
    path: str
    body: Mapping[str, Any] | None
    read: Callable[[Mapping[str, Any]], Answer]


def predict(row: Row) -> Call[Prediction]:
    """The request for one row. Raises ValueError when it does not hold four numbers."""
    body = dict(zip(FEATURES, _numbers(row, ""), strict=True))
    return Call("POST", "/api/v1/predict", body, _prediction)


def predict_batch(rows: Rows) -> Call[Batch]:
    """The request for many rows. Raises ValueError when one does not hold four numbers."""
    body = {"rows": [_numbers(row, f"rows[{index}]") for index, row in enumerate(_listed(rows))]}
    return Call("POST", "/api/v1/predict/batch", body, _batch)


def model_info() -> Call[ModelInfo]:
    return Call("GET", "/api/v1/model/info", None, _model_info)


def _prediction(answer: Mapping[str, Any]) -> Prediction:
    return Prediction(
        index=answer["prediction"],
        label=answer["prediction_label"],
        probabilities=tuple(answer["probabilities"]),
        model_version=answer["model_version"],
        request_id=answer["request_id"],
        # Servers before it do not send it, and none sends it for usual inputs.
        outside_training_range=tuple(answer.get("outside_training_range", ())),
    )


def _batch(answer: Mapping[str, Any]) -> Batch:
    return Batch(
        indexes=tuple(answer["prediction"]),
        labels=tuple(answer["prediction_label"]),
        probabilities=tuple(map(tuple, answer["probabilities"])),
        model_version=answer["model_version"],
        request_id=answer["request_id"],
    )


def _model_info(answer: Mapping[str, Any]) -> ModelInfo:
    return ModelInfo(
        name=answer["name"],
        model_version=answer["version"],
        digest=answer["digest"],
        classes=tuple(answer["classes"]),
    )


def _listed(rows: Any) -> Iterable[Any]:
    columns = getattr(rows, "columns", None)
    return rows if columns is None else zip(*_by_name(rows, columns, "columns"), strict=True)


def _numbers(row: Any, where: str) -> list[float]:
    # Mapping and pandas' Series, whose order is its owner's.
    keys = getattr(row, "keys", None)
    values = list(row) if keys is None else _by_name(row, keys(), f"{where}.names" if where else "names")
    if len(values) != len(FEATURES):
        found = "1 value" if len(values) == 1 else f"{len(values)} values"
        raise ValueError(f"{where or 'row'}: found {found}, expected {len(FEATURES)}: {', '.join(FEATURES)}")
    return [
        _number(value, f"{where}.{name}" if where else name)
        for name, value in zip(FEATURES, values, strict=True)
    ]


def _by_name(named: Any, names: Iterable[Any], where: str) -> list[Any]:
    found = list(names)
    if not set(FEATURES) <= set(found):
        raise ValueError(
            f"{where}: found {', '.join(map(str, found))}, expected {', '.join(FEATURES)}; "
            "rename them, or pass values in this order without names"
        )
    return [named[name] for name in FEATURES]


def _number(value: Any, where: str) -> float:
    # JSON has only int and float; other kinds, such as those of numpy and Decimal, become float.
    try:
        number = value if type(value) in (int, float) else float(_not_text(value))
        if math.isfinite(number):
            return number
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{where}: found {value!r}, expected a finite number") from None


def _not_text(value: Any) -> Any:
    if isinstance(value, str | bytes | bytearray):
        raise TypeError
    return value
