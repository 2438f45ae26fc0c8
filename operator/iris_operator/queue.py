"""The names to look at again: each at most once in the line and at most once in work.

A name that fails comes back after a growing, jittered wait; a name may also be asked for later. Time is the
event loop's, so tests run it on a virtual clock.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from iris_operator import metrics
from iris_operator.store import Key

FIRST_WAIT: Final = 0.005
LONGEST_WAIT: Final = 300.0


class Queue:
    """`jitter` returns a number in [0, 1)."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._line: asyncio.Queue[Key] = asyncio.Queue()
        self._added_at: dict[Key, float] = {}  # in the line, since when
        self._started_at: dict[Key, float] = {}  # in work, since when
        self._again: set[Key] = set()  # asked for while in work
        self._failures: dict[Key, int] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}

    def add(self, key: Key) -> None:
        """Look at this model as soon as possible."""
        self._cancel_timer(key)
        if key in self._started_at:
            self._again.add(key)
        elif key not in self._added_at:
            self._added_at[key] = _now()
            self._line.put_nowait(key)
            metrics.queue_added(self._line.qsize())

    def add_after(self, key: Key, seconds: float) -> None:
        """Look at this model in `seconds`, or earlier when somebody asks for it."""
        due = _now() + seconds
        known = self._timers.get(key)
        if known is not None and known.when() <= due:
            return
        self._cancel_timer(key)
        self._timers[key] = asyncio.get_running_loop().call_at(due, self._ring, key)

    def retry(self, key: Key, at_least: float = 0.0) -> float:
        """Look again after a failure; returns the wait in seconds, doubled with each failure in a row."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        longest = min(FIRST_WAIT * 2.0 ** min(failures, 20), LONGEST_WAIT)
        wait = max(longest * (0.5 + self._jitter() / 2), at_least)
        self.add_after(key, wait)
        metrics.queue_retried()
        return wait

    def forget(self, key: Key) -> None:
        """A pass went well: the next failure starts from the shortest wait."""
        self._failures.pop(key, None)

    async def take(self) -> Key:
        """The next name; it is not handed out again before `done`."""
        key = await self._line.get()
        waited = _now() - self._added_at.pop(key)
        self._started_at[key] = _now()
        metrics.queue_taken(self._line.qsize(), waited)
        return key

    def done(self, key: Key) -> None:
        """The pass over this name has ended."""
        del self._started_at[key]
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def oldest_age(self) -> float:
        """Seconds that the oldest name has waited or been worked on; 0 when idle."""
        moments = [*self._added_at.values(), *self._started_at.values()]
        return _now() - min(moments) if moments else 0.0

    def _ring(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _cancel_timer(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()


def _now() -> float:
    return asyncio.get_running_loop().time()
