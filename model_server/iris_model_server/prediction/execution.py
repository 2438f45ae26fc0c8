"""Computes predictions for rows, for every protocol: at once, in shared calls, or in chunks.

A fast model (weights, trees) answers a small request at once. The calls of a slow model are shared by
concurrent requests. A large request is computed in chunks, and other requests run between them.
"""

import asyncio
import importlib
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Final

from iris_model_server import errors
from iris_model_server.errors import Problem
from iris_model_server.model.predictions import Counts, PlainPredictions, Predictions
from iris_model_server.prediction.batching import FIRST_CHUNK_ROWS, MOST_SHARED, Batcher
from iris_model_server.prediction.serving import Loaded
from iris_model_server.schemas import FEATURES, LARGEST_CM, Numbers
from iris_model_server.settings import Settings

log = logging.getLogger(__name__)

# From this number of rows on, arrays are faster than lists.
ARRAY_ROWS: Final = 16
# Each keeps its body in memory while it waits.
MOST_LARGE: Final = 16

Flat = Sequence[float]
Take = Callable[[Predictions], None]


class Execution:
    """Computes and measures the predictions of a model."""

    def __init__(self, settings: Settings) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._most_seconds = settings.max_waiting_seconds
        self._arrays = _LateArrays()

    def at_once(self, loaded: Loaded, flat: Flat) -> Predictions | None:
        """The predictions, if they can be computed without waiting and quickly; else None."""
        if loaded.batcher is not None or len(flat) > self._chunk_rows(loaded) * len(FEATURES):
            return None
        start = time.perf_counter()
        predictions = self._quick(loaded, flat)
        seconds = time.perf_counter() - start
        loaded.metrics.observe_predictions(predictions)
        loaded.metrics.observe_call(seconds)
        return predictions

    def first_outside(self, numbers: Flat) -> int | None:
        """The place of the first number that is no measurement, or None."""
        if self._arrays.loaded is not None:
            place: int | None = self._arrays.loaded.first_outside(numbers)
            return place
        outside = (place for place, number in enumerate(numbers) if not 0 < number <= LARGEST_CM)
        return next(outside, None)

    async def whole(self, loaded: Loaded, flat: Flat, take: Take) -> None:
        """The predictions of numbers that are complete, in one or more parts."""
        if (predictions := self.at_once(loaded, flat)) is not None:
            take(predictions)
        elif loaded.batcher is not None and len(flat) <= MOST_SHARED * len(FEATURES):
            take(await self.shared(loaded, _rows(flat), loaded.batcher))
        else:
            await self.chunks(loaded, (flat,), take)

    async def shared(self, loaded: Loaded, rows: Sequence[Numbers], batcher: Batcher) -> Predictions:
        """The predictions of a few rows, from a call shared with concurrent requests."""
        start = time.perf_counter()
        try:
            probabilities = await batcher.submit(rows)
        except Problem:
            raise
        except Exception:
            loaded.metrics.count("error")
            raise
        predictions = PlainPredictions(rows, probabilities)
        loaded.metrics.observe_predictions(predictions)
        loaded.metrics.observe_call(time.perf_counter() - start)
        return predictions

    async def chunks(self, loaded: Loaded, parts: Iterable[Flat], take: Take) -> None:
        """The predictions of a large request. One large request at a time is computed, the others wait."""
        if self._waiting >= MOST_LARGE:
            raise _overloaded(f"{self._waiting} large requests wait, at most that many may")
        self._waiting += 1
        try:
            try:
                async with asyncio.timeout(self._most_seconds):
                    await self._turn.acquire()
            except TimeoutError:
                raise _overloaded(f"no turn within {self._most_seconds:g} s") from None
            try:
                await self._one_by_one(loaded, parts, take)
            finally:
                self._turn.release()
        finally:
            self._waiting -= 1

    async def _one_by_one(self, loaded: Loaded, parts: Iterable[Flat], take: Take) -> None:
        seconds = 0.0
        all_counts: list[Counts] = []
        # Reading such a large body took long enough.
        await asyncio.sleep(0)
        for part in parts:
            start = 0
            while start < len(part):
                end = start + self._chunk_rows(loaded) * len(FEATURES)
                began = time.perf_counter()
                predictions = await self._chunk(loaded, part[start:end])
                seconds += time.perf_counter() - began
                all_counts.append(predictions.counts(loaded.edges))
                take(predictions)
                start = end
                # Let the other requests run.
                await asyncio.sleep(0)
        # Only now, because a later chunk may refuse the request.
        for counts in all_counts:
            loaded.metrics.observe_counts(counts)
        loaded.metrics.observe_call(seconds)

    async def _chunk(self, loaded: Loaded, flat: Flat) -> Predictions:
        try:
            if loaded.batcher is None:
                return self._quick(loaded, flat)
            rows = _rows(flat)
            return PlainPredictions(rows, await loaded.batcher.submit_chunk(rows))
        except Problem:
            raise
        except Exception:
            loaded.metrics.count("error")
            raise

    def _quick(self, loaded: Loaded, flat: Flat) -> Predictions:
        model = loaded.artifact.model
        if len(flat) >= ARRAY_ROWS * len(FEATURES):
            arrays = self._arrays.loaded_or_asked_for()
            if arrays is not None:
                table = arrays.table(flat)
                predictions: Predictions = arrays.ArrayPredictions(table, arrays.probabilities(model, table))
                return predictions
        rows = _rows(flat)
        return PlainPredictions(rows, model.probabilities(rows))

    def _chunk_rows(self, loaded: Loaded) -> int:
        chunks = loaded.artifact.model.chunks
        if chunks is not None:
            return chunks.plain if self._arrays.loaded is None else chunks.arrays
        return FIRST_CHUNK_ROWS if loaded.batcher is None else loaded.batcher.chunk_rows


class _LateArrays:
    """The module `arrays`, and with it numpy, imported in a thread when first needed."""

    def __init__(self) -> None:
        self.loaded: ModuleType | None = None
        self._asked = False

    def loaded_or_asked_for(self) -> ModuleType | None:
        if not self._asked:
            self._asked = True
            asyncio.get_running_loop().run_in_executor(None, self._load)
        return self.loaded

    def _load(self) -> None:
        try:
            self.loaded = importlib.import_module("iris_model_server.model.arrays")
        except ImportError as error:
            log.warning("numpy is not available: %s, large batches are computed without it", error)


def _rows(flat: Flat) -> list[Numbers]:
    return list(zip(*[iter(flat)] * len(FEATURES), strict=True))


def _overloaded(detail: str) -> Problem:
    return Problem(errors.OVERLOADED, detail, headers={"retry-after": "1"})
