"""One JSON line per answered request, collected in memory and written in blocks.

Writing each line by itself costs more than a prediction. Lines are written after half a second, when there
are many, and at the end; a kill -9 loses at most half a second of them. Headers, bodies and queries are
never logged, because they may contain secrets.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final, Protocol

import msgspec

FLUSH_SECONDS: Final = 0.5
FLUSH_LINES: Final = 512

_encode: Final = msgspec.json.Encoder().encode


class Sink(Protocol):
    """Where blocks of lines go: a binary stream."""

    def write(self, block: bytes, /) -> object: ...

    def flush(self) -> object: ...


# Common requests share one entry; the paths that a client invents evict each other.
@lru_cache(maxsize=256)
def about(method: str, path: str, route: str, status: int) -> bytes:
    """The part of a line that many requests share."""
    shared = _encode({"method": method, "path": path, "route": route, "status": status})
    return shared[1:-1]


def client(address: Sequence[Any] | None) -> bytes:
    """The client as JSON text."""
    return _client(address[0] if address else "")


@lru_cache(maxsize=256)
def _client(host: str) -> bytes:
    # A socket of both families has IPv4 clients as ::ffff:192.0.2.1.
    return _encode(host.removeprefix("::ffff:"))


def line(request_id: str, about: bytes, seconds: float, client: bytes) -> bytes:
    """The line of one request; its id must need no escape."""
    now = time.time()
    return b'{"time":"%b.%03dZ","level":"info","request_id":"%b",%b,"milliseconds":%.3f,"client":%b}\n' % (
        _second(int(now)),
        int(now % 1 * 1000),
        request_id.encode("ascii"),
        about,
        seconds * 1000,
        client,
    )


class AccessLog:
    """Buffered lines on a stream; a closed stream is ignored."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._lines: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, line: bytes) -> None:
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
        block = b"".join(self._lines)
        self._lines.clear()
        # The log's reader has gone: keep answering.
        with contextlib.suppress(BrokenPipeError, ValueError):
            self._sink.write(block)
            self._sink.flush()


def timestamp(moment: float) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return f"{_second(int(moment)).decode('ascii')}.{int(moment % 1 * 1000):03d}Z"


# All requests of a second share it.
@lru_cache(maxsize=2)
def _second(moment: int) -> bytes:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)).encode("ascii")
