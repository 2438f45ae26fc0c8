"""Rows to outcomes, for every protocol: at once, shared with others, or in pieces. Measures as it goes.

A quick model (weights, trees) answers a small request at once. Any other is called for many requests
together. A large request goes piece by piece, and between two pieces all others have their turn.
"""

import asyncio
import importlib
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Final

from iris_model_server import errors
from iris_model_server.batching import FIRST_PIECE_ROWS, MOST_SHARED, Batcher
from iris_model_server.errors import Problem
from iris_model_server.outcomes import Outcome, PlainOutcome, Tally
from iris_model_server.schemas import FEATURES, Numbers
from iris_model_server.serving import Loaded
from iris_model_server.settings import Settings

log = logging.getLogger(__name__)

# From so many rows on arrays are quicker than lists.
ARRAY_ROWS: Final = 16
# Each holds its body while it waits for its turn.
MOST_LARGE: Final = 16

Flat = Sequence[float]
Take = Callable[[Outcome], None]


class Evaluation:
    """The way to a model's outcomes."""

    def __init__(self, settings: Settings) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._most_seconds = settings.max_waiting_seconds
        self._arrays = _LateArrays()

    def at_once(self, loaded: Loaded, flat: Flat) -> Outcome | None:
        """The outcome, where it needs no waiting and holds up nobody."""
        if loaded.batcher is not None or len(flat) > self._piece_rows(loaded) * len(FEATURES):
            return None
        start = time.perf_counter()
        outcome = self._quick(loaded, flat)
        seconds = time.perf_counter() - start
        loaded.metrics.observe_outcome(outcome)
        loaded.metrics.observe_call(seconds)
        return outcome

    async def whole(self, loaded: Loaded, flat: Flat, take: Take) -> None:
        """The outcome of numbers that are all here, in one or more parts."""
        if (outcome := self.at_once(loaded, flat)) is not None:
            take(outcome)
        elif loaded.batcher is not None and len(flat) <= MOST_SHARED * len(FEATURES):
            take(await self.shared(loaded, _rows(flat), loaded.batcher))
        else:
            await self.pieces(loaded, (flat,), take)

    async def shared(self, loaded: Loaded, rows: Sequence[Numbers], batcher: Batcher) -> Outcome:
        """The outcome of a few rows, from one call with whoever asks at the same time."""
        start = time.perf_counter()
        try:
            shares = await batcher.submit(rows)
        except Problem:
            raise
        except Exception:
            loaded.metrics.count("error")
            raise
        outcome = PlainOutcome(rows, shares)
        loaded.metrics.observe_outcome(outcome)
        loaded.metrics.observe_call(time.perf_counter() - start)
        return outcome

    async def pieces(self, loaded: Loaded, parts: Iterable[Flat], take: Take) -> None:
        """The outcomes of a large request. One of them at a time is at work, the others wait."""
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
        tallies: list[Tally] = []
        # To have read so large a body took long enough.
        await asyncio.sleep(0)
        for part in parts:
            start = 0
            while start < len(part):
                end = start + self._piece_rows(loaded) * len(FEATURES)
                began = time.perf_counter()
                outcome = await self._piece(loaded, part[start:end])
                seconds += time.perf_counter() - began
                tallies.append(outcome.tally(loaded.edges))
                take(outcome)
                start = end
                # The turn of everybody else.
                await asyncio.sleep(0)
        # Only now: what a later piece refuses was no prediction.
        for tally in tallies:
            loaded.metrics.observe_tally(tally)
        loaded.metrics.observe_call(seconds)

    async def _piece(self, loaded: Loaded, flat: Flat) -> Outcome:
        try:
            if loaded.batcher is None:
                return self._quick(loaded, flat)
            rows = _rows(flat)
            return PlainOutcome(rows, await loaded.batcher.submit_piece(rows))
        except Problem:
            raise
        except Exception:
            loaded.metrics.count("error")
            raise

    def _quick(self, loaded: Loaded, flat: Flat) -> Outcome:
        model = loaded.artifact.model
        if len(flat) >= ARRAY_ROWS * len(FEATURES):
            arrays = self._arrays.loaded_or_asked_for()
            if arrays is not None:
                table = arrays.table(flat)
                outcome: Outcome = arrays.ArrayOutcome(table, arrays.probabilities(model, table))
                return outcome
        rows = _rows(flat)
        return PlainOutcome(rows, model.probabilities(rows))

    def _piece_rows(self, loaded: Loaded) -> int:
        pieces = loaded.artifact.model.pieces
        if pieces is not None:
            return pieces.plain if self._arrays.loaded is None else pieces.arrays
        return FIRST_PIECE_ROWS if loaded.batcher is None else loaded.batcher.piece_rows


class _LateArrays:
    """The module `arrays`, and with it numpy, once somebody asked for it and a thread has loaded it."""

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
            self.loaded = importlib.import_module("iris_model_server.arrays")
        except ImportError as error:
            log.warning("no arrays: %s, large batches go the slow way", error)


def _rows(flat: Flat) -> list[Numbers]:
    return list(zip(*[iter(flat)] * len(FEATURES), strict=True))


def _overloaded(detail: str) -> Problem:
    return Problem(errors.OVERLOADED, detail, headers={"retry-after": "1"})
