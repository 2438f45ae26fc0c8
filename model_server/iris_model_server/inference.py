"""A request's body to an answer's body: decode, predict, measure, encode. Knows no HTTP.

Every way in (routes today) calls this, so that all of them mean the same.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

from iris_model_server import decoding
from iris_model_server.errors import Problem
from iris_model_server.model import FoldedModel
from iris_model_server.schemas import BatchAnswer, Numbers, PredictAnswer
from iris_model_server.serving import Loaded, Serving

Probabilities = list[list[float]]


class Inference:
    """The model behind both predict paths."""

    def __init__(self, serving: Serving, most_rows: int) -> None:
        self._serving = serving
        self._most_rows = most_rows
        self._encode = msgspec.json.Encoder().encode

    def predict(self, body: bytes, request_id: str) -> bytes:
        loaded = self._serving.loaded()
        try:
            row = decoding.one(body)
        except Problem:
            loaded.metrics.count("invalid")
            raise
        return self._one(loaded, row, request_id)

    def predict_at_once(self, body: bytes, request_id: str) -> bytes | None:
        """What `predict` answers, if that needs no words and no waiting; else None, and nothing is counted."""
        loaded = self._serving.loaded_or_none()
        if loaded is None or not isinstance(loaded.artifact.model, FoldedModel):
            return None
        row = decoding.one_or_none(body)
        return None if row is None else self._one(loaded, row, request_id)

    def _one(self, loaded: Loaded, row: Numbers, request_id: str) -> bytes:
        index, shares = _measured_one(loaded, row)
        card = loaded.artifact.card
        return self._encode(
            PredictAnswer(
                prediction=index,
                prediction_label=card.classes[index],
                request_id=request_id,
                model_version=card.version,
                probabilities=shares,
            )
        )

    def predict_batch(self, body: bytes, request_id: str) -> bytes:
        loaded = self._serving.loaded()
        with _counting_faults(loaded):
            rows = decoding.batch(body, self._most_rows)
        classes, probabilities = _measured(loaded, rows)
        card = loaded.artifact.card
        return self._encode(
            BatchAnswer(
                prediction=classes,
                prediction_label=[card.classes[index] for index in classes],
                probabilities=probabilities,
                request_id=request_id,
                model_version=card.version,
            )
        )


@contextmanager
def _counting_faults(loaded: Loaded) -> Iterator[None]:
    try:
        yield
    except Problem:
        loaded.metrics.count("invalid")
        raise


def _measured_one(loaded: Loaded, row: Numbers) -> tuple[int, list[float]]:
    start = time.perf_counter()
    try:
        (shares,) = loaded.artifact.model.probabilities((row,))
    except Exception:
        loaded.metrics.count("error")
        raise
    seconds = time.perf_counter() - start
    share = max(shares)
    index = shares.index(share)
    loaded.metrics.observe_one(row, index, share, seconds)
    return index, shares


def _measured(loaded: Loaded, rows: Sequence[Numbers]) -> tuple[list[int], Probabilities]:
    start = time.perf_counter()
    try:
        probabilities = loaded.artifact.model.probabilities(rows)
    except Exception:
        loaded.metrics.count("error")
        raise
    seconds = time.perf_counter() - start
    classes = [shares.index(max(shares)) for shares in probabilities]
    loaded.metrics.observe(rows, classes, probabilities, seconds)
    return classes, probabilities
