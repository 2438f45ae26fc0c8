"""Shares one call of a slow model between concurrent requests.

Requests join a call for as long as each iteration of the event loop brings more; during a call, new
requests wait for the next one. So requests wait only under load, and the wait is bounded in number and age.
Independent of HTTP and protocols.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain
from typing import Final

from iris_model_server import errors
from iris_model_server.errors import Problem
from iris_model_server.schemas import Numbers

# The most rows of small requests in one call.
MOST_SHARED: Final = 256
# A call shorter than this runs in the loop itself: a thread would cost about as much as it saves.
SHORT_SECONDS: Final = 0.001
FIRST_CHUNK_ROWS: Final = 64
MOST_CHUNK_ROWS: Final = 4096

Rows = Sequence[Numbers]
Probabilities = list[list[float]]
Call = Callable[[Rows], Probabilities]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may wait for the model, and for how long."""

    most_waiting: int
    most_seconds: float
    # The longest call with a chunk of a large request, so that small ones get their turn soon.
    chunk_seconds: float = 0.005


@dataclass(frozen=True, slots=True)
class _Waiting:
    rows: Rows
    answer: asyncio.Future[Probabilities]
    since: float


@dataclass(slots=True)
class _Batch:
    small: list[_Waiting] = field(default_factory=list)
    chunk: list[_Waiting] = field(default_factory=list)

    def all(self) -> list[_Waiting]:
        return self.small + self.chunk


@dataclass(frozen=True, slots=True)
class _Called:
    size: int
    seconds: float
    answers: list[Probabilities | Exception]


class Batcher:
    """The queue of one model, and its only caller. Belongs to one event loop."""

    def __init__(self, call: Call, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._call = call
        self._limits = limits
        self._clock = clock
        self._small: deque[_Waiting] = deque()
        self._chunks: deque[_Waiting] = deque()
        # Whether a request waits or is being answered.
        self.busy = False
        # By size class. A size that was never measured runs in a thread.
        self._seconds: dict[int, float] = {}
        self.chunk_rows = FIRST_CHUNK_ROWS

    def submit(self, rows: Rows) -> asyncio.Future[Probabilities]:
        """The probabilities for the rows of a small request."""
        return self._wait_in(self._small, rows)

    def submit_chunk(self, rows: Rows) -> asyncio.Future[Probabilities]:
        """The same for at most `chunk_rows` of a large request: a call takes one chunk and all small ones."""
        return self._wait_in(self._chunks, rows)

    def _wait_in(self, queue: deque[_Waiting], rows: Rows) -> asyncio.Future[Probabilities]:
        if len(queue) >= self._limits.most_waiting:
            raise _overloaded(f"{len(queue)} requests wait for the model, at most that many may")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(rows, loop.create_future(), self._clock())
        queue.append(waiting)
        if not self.busy:
            self.busy = True
            # Later: the other requests of this loop iteration come first.
            loop.call_soon(self._turn, loop)
        return waiting.answer

    def _turn(self, loop: asyncio.AbstractEventLoop, seen: int = 0) -> None:
        waiting_now = len(self._small)
        if seen < waiting_now < MOST_SHARED:
            # This iteration brought some. Another iteration costs a hundredth of a call.
            loop.call_soon(self._turn, loop, waiting_now)
            return
        batch = self._next_batch()
        if not batch.all():
            self.busy = False
            return
        parts = [waiting.rows for waiting in batch.all()]
        if self._seconds.get(_size(parts), SHORT_SECONDS) < SHORT_SECONDS:
            self._end(loop, batch, self._called(parts))
            return
        thread = loop.run_in_executor(None, self._called, parts)
        thread.add_done_callback(lambda done: self._end(loop, batch, done.result()))

    def _next_batch(self) -> _Batch:
        batch = _Batch()
        room = MOST_SHARED
        while self._small and (not batch.small or len(self._small[0].rows) <= room):
            waiting = self._small.popleft()
            if self._is_wanted(waiting):
                batch.small.append(waiting)
                room -= len(waiting.rows)
        while self._chunks and not batch.chunk:
            waiting = self._chunks.popleft()
            if self._is_wanted(waiting):
                batch.chunk.append(waiting)
        return batch

    def _is_wanted(self, waiting: _Waiting) -> bool:
        if waiting.answer.done():
            # Its client has disconnected.
            return False
        if self._clock() - waiting.since <= self._limits.most_seconds:
            return True
        waiting.answer.set_exception(_overloaded(f"no turn within {self._limits.most_seconds:g} s"))
        return False

    def _called(self, parts: Sequence[Rows]) -> _Called:
        start = time.perf_counter()
        answers = _answers(self._call, parts)
        return _Called(_size(parts), time.perf_counter() - start, answers)

    def _end(self, loop: asyncio.AbstractEventLoop, batch: _Batch, called: _Called) -> None:
        self._learn(called, with_chunk=bool(batch.chunk))
        for waiting, answer in zip(batch.all(), called.answers, strict=True):
            if waiting.answer.done():
                continue
            if isinstance(answer, Exception):
                waiting.answer.set_exception(answer)
            else:
                waiting.answer.set_result(answer)
        # Later: clients that got an answer now may send again and be in the next call.
        loop.call_soon(self._turn, loop)

    def _learn(self, called: _Called, *, with_chunk: bool) -> None:
        former = self._seconds.get(called.size, called.seconds)
        self._seconds[called.size] = 0.8 * former + 0.2 * called.seconds
        if with_chunk and called.seconds > self._limits.chunk_seconds:
            self.chunk_rows = max(self.chunk_rows // 2, 1)
        elif with_chunk and called.seconds < self._limits.chunk_seconds / 2:
            self.chunk_rows = min(self.chunk_rows * 2, MOST_CHUNK_ROWS)


def _size(parts: Sequence[Rows]) -> int:
    """The size class of a call: calls with up to twice the rows take about as long."""
    return sum(map(len, parts)).bit_length()


def _answers(call: Call, parts: Sequence[Rows]) -> list[Probabilities | Exception]:
    """The answer to each request; if the shared call fails, each request has a call of its own."""
    try:
        together = call(list(chain.from_iterable(parts)))
    except Exception as error:  # noqa: BLE001  # any: it is raised again where its request waits
        return [error] if len(parts) == 1 else [_answers(call, [rows])[0] for rows in parts]
    ends = list(accumulate(map(len, parts)))
    return [together[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _overloaded(detail: str) -> Problem:
    return Problem(errors.OVERLOADED, detail, headers={"retry-after": "1"})
