"""Turns a request's body into an answer's body: decode, predict, measure, encode. Independent of HTTP.

All callers share it, so that the same body always gets the same answer.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain

import msgspec

from iris_model_server import errors
from iris_model_server.errors import Problem
from iris_model_server.prediction.batching import Probabilities
from iris_model_server.prediction.execution import Execution
from iris_model_server.prediction.serving import Loaded, Serving
from iris_model_server.protocols import chunks, columns, decoding
from iris_model_server.protocols.columns import Columns
from iris_model_server.schemas import Numbers

Callback = Callable[[bytes | Exception], None]


class _BatchColumns(msgspec.Struct, frozen=True):
    """A `BatchAnswer` whose columns are already text."""

    prediction: msgspec.Raw
    prediction_label: msgspec.Raw
    probabilities: msgspec.Raw
    request_id: str
    model_version: str


class Inference:
    """Both predict paths of the native API."""

    def __init__(self, serving: Serving, execution: Execution, most_rows: int) -> None:
        self._serving = serving
        self._execution = execution
        self._most_rows = most_rows
        self._encode = msgspec.json.Encoder().encode

    async def predict(self, body: bytes, request_id: str) -> bytes:
        """The answer for one flower; requests share the calls of a slow model."""
        loaded = self._serving.loaded()
        row = decoding.one_or_none(body)
        if row is None:
            # Decode again, slowly, to report every fault.
            with _counting_faults(loaded):
                row = decoding.one(body)
        if loaded.batcher is None:
            return _answered(loaded, row, request_id)
        start = time.perf_counter()
        with _counting_failures(loaded):
            (probabilities,) = await loaded.batcher.submit((row,))
            return _counted(loaded, row, probabilities, start, request_id)

    def predict_at_once(self, body: bytes, request_id: str) -> bytes | None:
        """The answer of `predict`, if it needs no error and no waiting; else None, and nothing is counted."""
        loaded = self._serving.loaded_or_none()
        if loaded is None or loaded.batcher is not None:
            return None
        row = decoding.one_or_none(body)
        return None if row is None else _answered(loaded, row, request_id)

    def predict_soon(self, body: bytes, request_id: str, callback: Callback) -> bool:
        """Pass the answer of `predict` to `callback` after a shared call; False for an error to report."""
        loaded = self._serving.loaded_or_none()
        if loaded is None or loaded.batcher is None:
            return False
        row = decoding.one_or_none(body)
        if row is None:
            return False
        start = time.perf_counter()
        try:
            waiting = loaded.batcher.submit((row,))
        except Problem:
            return False

        def on_done(done: asyncio.Future[Probabilities]) -> None:
            try:
                with _counting_failures(loaded):
                    (probabilities,) = done.result()
                    answer = _counted(loaded, row, probabilities, start, request_id)
            except Exception as error:  # noqa: BLE001  # any: the client waits for it
                callback(error)
            else:
                callback(answer)

        waiting.add_done_callback(on_done)
        return True

    async def predict_batch(self, body: bytes, request_id: str) -> list[bytes]:
        loaded = self._serving.loaded()
        card = loaded.artifact.card
        collected = Columns((columns.INDEX, columns.LABEL, columns.NESTED), card.classes)
        with _counting_faults(loaded):
            if len(body) <= chunks.ONE_GO_BYTES:
                rows = decoding.batch(body, self._most_rows)
                flat = list(chain.from_iterable(rows))
                await self._execution.whole(loaded, flat, collected.take)
            else:
                parts = decoding.batch_parts(body, self._most_rows)
                await self._execution.chunks(loaded, parts, collected.take)
        frame = self._encode(
            _BatchColumns(
                prediction=columns.A_COLUMN,
                prediction_label=columns.A_COLUMN,
                probabilities=columns.A_COLUMN,
                request_id=request_id,
                model_version=card.version,
            )
        )
        return collected.parts(frame)


@contextmanager
def _counting_faults(loaded: Loaded) -> Iterator[None]:
    try:
        yield
    except Problem as problem:
        if problem.kind is not errors.OVERLOADED:
            loaded.metrics.count("invalid")
        raise


@contextmanager
def _counting_failures(loaded: Loaded) -> Iterator[None]:
    try:
        yield
    except Problem:
        raise
    except Exception:
        loaded.metrics.count("error")
        raise


def _answered(loaded: Loaded, row: Numbers, request_id: str) -> bytes:
    start = time.perf_counter()
    try:
        probabilities = loaded.artifact.model.probabilities_of(row)
    except Exception:
        loaded.metrics.count("error")
        raise
    return _counted(loaded, row, probabilities, start, request_id)


def _counted(
    loaded: Loaded, row: Numbers, probabilities: list[float], start: float, request_id: str
) -> bytes:
    end = time.perf_counter()
    largest = max(probabilities)
    index = probabilities.index(largest)
    outside = loaded.metrics.observe_one(row, index, largest, start, end)
    return loaded.templates.answer(index, request_id, probabilities, outside)
