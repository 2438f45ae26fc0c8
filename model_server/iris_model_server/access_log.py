"""One JSON line per answered request, collected in memory and written in blocks.

A line flushed by itself costs more than the prediction it tells of. What is in memory is written
after half a second, when it is many lines, and at the end; a kill -9 loses at most that.
"""

import asyncio
import contextlib
import time
from functools import lru_cache
from typing import Final, Protocol

import msgspec

FLUSH_SECONDS: Final = 0.5
FLUSH_LINES: Final = 512


class Sink(Protocol):
    """Where blocks of lines go: a binary stream."""

    def write(self, block: bytes, /) -> object: ...

    def flush(self) -> object: ...


class Line(msgspec.Struct, frozen=True, gc=False):
    """What is told of a request. No headers, no body, no query: they may hold secrets."""

    time: str
    level: str
    request_id: str
    method: str
    path: str
    route: str
    status: int
    milliseconds: float
    client: str


class AccessLog:
    """Buffered lines on a stream; a stream that is gone is left alone."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._lines: list[Line] = []
        self._encode = msgspec.json.Encoder().encode_lines
        self._timer: asyncio.TimerHandle | None = None

    def add(self, line: Line) -> None:
        self._lines.append(line)
        if len(self._lines) >= FLUSH_LINES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._lines:
            return
        block = self._encode(self._lines)
        self._lines.clear()
        # Whoever read the log has gone: no reason to stop answering.
        with contextlib.suppress(BrokenPipeError, ValueError):
            self._sink.write(block)
            self._sink.flush()


def milliseconds(seconds: float) -> float:
    """Whole microseconds, for the log needs no more digits."""
    return int(seconds * 1e6) / 1000


def timestamp(moment: float) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return _stamp(int(moment * 1000))


# Under load all requests of a millisecond share it.
@lru_cache(maxsize=2)
def _stamp(milliseconds: int) -> str:
    second, rest = divmod(milliseconds, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(second))}.{rest:03d}Z"
