"""A queue with a known jitter, and the time of the clock that jumps."""

import asyncio

from iris_operator.runtime.queue import Queue

A, B, C = ("iris", "a"), ("iris", "b"), ("iris", "c")


def queue(jitter: float = 0.0) -> Queue:
    return Queue(lambda: jitter)


def now() -> float:
    return asyncio.get_running_loop().time()
