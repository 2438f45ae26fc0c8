"""What is sent for each method, and how its answer is read. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from iris_client.answers import Batch, ModelInfo, Prediction

Answer = TypeVar("Answer", Prediction, Batch, ModelInfo)
FEATURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")


@dataclass(frozen=True, slots=True)
class Call(Generic[Answer]):
    """One request. All of them may be sent twice: none changes anything."""

    method: str
    path: str
    body: Mapping[str, Any] | None
    read: Callable[[Mapping[str, Any]], Answer]


def predict(row: Sequence[float]) -> Call[Prediction]:
    return Call("POST", "/api/v1/predict", dict(zip(FEATURES, row, strict=True)), _prediction)


def predict_batch(rows: Sequence[Sequence[float]]) -> Call[Batch]:
    return Call("POST", "/api/v1/predict/batch", {"rows": [list(row) for row in rows]}, _batch)


def model_info() -> Call[ModelInfo]:
    return Call("GET", "/api/v1/model/info", None, _model_info)


def _prediction(answer: Mapping[str, Any]) -> Prediction:
    return Prediction(
        index=answer["prediction"],
        label=answer["prediction_label"],
        probabilities=tuple(answer["probabilities"]),
        model_version=answer["model_version"],
        request_id=answer["request_id"],
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
