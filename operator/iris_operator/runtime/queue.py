"""The queue of names to reconcile: each is at most once in the queue and at most once in work.

A name is added for now, for later, or with patience. After a failure it comes back after a wait that grows,
with jitter. A token bucket limits what comes back by time alone, so that many models that fail for one
cause do not flood the API server. After a pass a name rests for a moment, so that the events of that moment
share one pass. The clock is the event loop's and the jitter is an argument: tests use a virtual clock.
"""

import asyncio
import itertools
from collections.abc import Callable
from typing import Final

from iris_operator import metrics
from iris_operator.observe.store import Key

FIRST_WAIT: Final = 0.005
LONGEST_WAIT: Final = 300.0
# What an API server in trouble gets from us at most, however many models fail; events are never held back.
RETURNS_PER_SECOND: Final = 50.0
RETURNS_AT_ONCE: Final = 100


# A pod that starts changes four times. The first change is not delayed, the others share one pass.
REST: Final = 0.2


class Queue:
    """The queue of one process. `jitter` returns a number in [0, 1); `rest` is in seconds."""

    def __init__(self, jitter: Callable[[], float], rest: float = 0.0) -> None:
        self._jitter = jitter
        self._rest = rest
        self._resting: set[Key] = set()
        # Ordered by the moment up to which others may pass, so whoever has patience waits for no more than
        # what came before that moment.
        self._line: asyncio.PriorityQueue[tuple[float, int, Key]] = asyncio.PriorityQueue()
        self._arrivals = itertools.count()
        self._place: dict[Key, tuple[float, int]] = {}  # its valid entry; its other entries are stale
        self._added_at: dict[Key, float] = {}  # when it was queued
        self._asked: dict[Key, int] = {}  # in the line: the last arrival that had no patience
        self._started_at: dict[Key, float] = {}  # when its pass began
        self._again: dict[Key, float] = {}  # asked for while in work or at rest: the patience of who asked
        self._failures: dict[Key, int] = {}
        self._retry_at: dict[Key, float] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._bucket = _Bucket(RETURNS_PER_SECOND, RETURNS_AT_ONCE)

    def add(self, key: Key, patience: float = 0.0) -> None:
        """Reconcile this model as soon as possible, but after those that arrive within `patience` seconds."""
        self._cancel_timer(key)
        if key in self._started_at or key in self._resting:
            self._again[key] = min(patience, self._again.get(key, patience))
            return
        arrival = next(self._arrivals)
        place = (_now() + patience, arrival)
        if not patience:
            self._asked[key] = arrival
        if key not in self._added_at:
            self._added_at[key] = _now()
            metrics.queue_added(len(self._added_at))
        elif self._place[key] <= place:
            return
        self._place[key] = place
        self._line.put_nowait((*place, key))

    def newest_first(self) -> None:
        """On a takeover the most recently changed names go first: the former writer has not seen them.

        The waiting time of all starts anew."""
        for key in sorted(self._added_at, key=lambda key: self._asked.get(key, -1), reverse=True):
            self._added_at[key] = _now()
            self._place[key] = place = (_now(), next(self._arrivals))
            self._line.put_nowait((*place, key))

    def add_after(self, key: Key, seconds: float) -> None:
        """Reconcile this model in `seconds`, or earlier when it is added."""
        due = _now() + seconds
        known = self._timers.get(key)
        if known is not None and known.when() <= due:
            return
        self._cancel_timer(key)
        self._timers[key] = asyncio.get_running_loop().call_at(due, self._ring, key)

    def retry(self, key: Key, *, at_least: float = 0.0, at_most: float = LONGEST_WAIT) -> float:
        """Reconcile again after a failure; returns the wait in seconds, doubled with each failure in a row.

        A pass that an event asked for before the wait was over does not double it.
        """
        remaining = self._retry_at.get(key, 0.0) - _now()
        if remaining > at_least:
            self.add_after(key, remaining)
            return remaining
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        longest = min(FIRST_WAIT * 2.0 ** min(failures, 20), at_most)
        wait = max(longest * (0.5 + self._jitter() / 2), at_least)
        self._retry_at[key] = _now() + wait
        self.add_after(key, wait)
        metrics.queue_retried()
        return wait

    def forget(self, key: Key) -> None:
        """A pass succeeded: the next failure starts from the shortest wait."""
        self._failures.pop(key, None)
        self._retry_at.pop(key, None)

    async def take(self) -> Key:
        """The next name; it is not handed out again before `done`."""
        while True:
            *place, key = await self._line.get()
            if self._place.get(key) == tuple(place):
                break
        del self._place[key]
        self._asked.pop(key, None)
        waited = _now() - self._added_at.pop(key)
        self._started_at[key] = _now()
        metrics.queue_taken(len(self._added_at), waited)
        return key

    def done(self, key: Key) -> None:
        """The pass over this name has ended."""
        del self._started_at[key]
        if self._rest:
            self._resting.add(key)
            asyncio.get_running_loop().call_later(self._rest, self._rested, key)
        else:
            self._rested(key)

    def _rested(self, key: Key) -> None:
        self._resting.discard(key)
        if key in self._again:
            self.add(key, self._again.pop(key))

    def oldest_age(self) -> float:
        """Seconds that the oldest name has been queued or in work; 0 when idle."""
        moments = [*self._added_at.values(), *self._started_at.values()]
        return _now() - min(moments) if moments else 0.0

    def in_work(self) -> list[float]:
        """Seconds that each pass has been running."""
        return [_now() - started for started in self._started_at.values()]

    def _ring(self, key: Key) -> None:
        pass_at = self._bucket.reserve(_now())
        if pass_at > _now():
            self._timers[key] = asyncio.get_running_loop().call_at(pass_at, self.add, key)
        else:
            self.add(key)

    def _cancel_timer(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()


class _Bucket:
    """A token bucket of `size` tokens, refilled with `rate` tokens a second."""

    def __init__(self, rate: float, size: int) -> None:
        self._spacing = 1 / rate
        self._full_after = size / rate
        self._taken_until = 0.0  # when the bucket will be full again

    def reserve(self, now: float) -> float:
        """Take a token; returns the moment from which it may be used."""
        self._taken_until = max(self._taken_until, now) + self._spacing
        return max(now, self._taken_until - self._full_after)


def _now() -> float:
    return asyncio.get_running_loop().time()
