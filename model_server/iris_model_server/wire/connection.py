"""A connection: its deadlines, refusals before any route, and its end."""

import asyncio
from math import inf
from typing import Any, ClassVar, Final
from uuid import uuid4

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from iris_model_server import errors
from iris_model_server.errors import Problem
from iris_model_server.wire import middleware
from iris_model_server.wire.cycle import Flow, Outlet
from iris_model_server.wire.limits import Limits

# The part of a message that the client has yet to send.
NOTHING, HEAD, BODY = range(3)
# How long a closing connection still reads what its client sends.
LINGER_SECONDS: Final = 2.0


class Connection(HttpToolsProtocol):
    """uvicorn's protocol with deadlines and an orderly end; a subclass reads the messages."""

    limits: ClassVar[Limits]
    flow: Flow

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._owed = NOTHING
        # Received, but not parsed until the requests before it are answered.
        self._unparsed = memoryview(b"")
        # One timer checks now and then whether this has passed; a request sets no timer of its own.
        self._deadline = inf
        # By then the client must have taken what was written.
        self._taken_by = inf
        self._watch: asyncio.TimerHandle | None = None
        self._refusal: Problem | None = None
        self._waits = False
        # The client sends no more.
        self._has_ended = False
        # The last answer is sent, and what still comes is dropped.
        self._lingers = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self.flow = Flow(transport)
        self._outlet = Outlet(transport, self._close)
        if len(self.connections) > self.limits.connections:
            detail = f"{self.limits.connections} connections are open, the limit of IRIS_MAX_CONNECTIONS"
            self._write(Problem(errors.OVERLOADED, detail, headers={"retry-after": "1"}))
            return
        # Proxies open connections in advance, and may send a request at the moment in which one is closed.
        self._deadline = self.loop.time() + self.limits.idle_seconds
        first = min(self.limits.head_seconds, self.limits.idle_seconds)
        self._watch = self.loop.call_later(first, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]  # True keeps the other direction open
        self._has_ended = True
        if self._owed == BODY:
            # The rest of it will never come.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        return not self._is_over() and (bool(self.pipeline) or (self._owed != BODY and self.is_answering()))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taken_by = self.loop.time() + self.limits.body_seconds

    def resume_writing(self) -> None:
        super().resume_writing()
        self._taken_by = inf

    def is_answering(self) -> bool:
        return bool(self.cycle) and not self.cycle.response_complete

    def _look(self) -> None:
        now = self.loop.time()
        if now >= self._taken_by:
            self.transport.abort()
            return
        if now >= self._deadline:
            self._deadline = inf
            self._end_wait()
        if self.transport.is_closing() and self._taken_by == inf:
            # It ends when the client has read everything.
            self._taken_by = now + self.limits.body_seconds
        wait = min(self._deadline - now, self._taken_by - now, self.limits.head_seconds)
        self._watch = self.loop.call_later(wait, self._look)

    def _end_wait(self) -> None:
        late = Problem(
            errors.TOO_SLOW,
            "request: incomplete within the time limit, expected a complete request",
            headers={"connection": "close"},
        )
        if self._lingers:
            self.transport.close()
        elif self._owed == BODY and self.is_answering():
            # The middleware answers it, so that it is counted and logged like every answer.
            self.cycle.scope[middleware.LATE] = late  # type: ignore[typeddict-unknown-key]  # a key of ours
            self.cycle.message_event.set()
        elif self._owed == HEAD and not self.is_answering():
            self._refusal = late
            self._write(late)
        elif not self.is_answering():
            self.transport.close()

    def _write(self, problem: Problem | None) -> None:
        if problem is None or self._is_over():
            return
        request_id = uuid4().hex
        content = errors.body(problem, request_id)
        headers = (
            *self.server_state.default_headers,
            (b"content-type", errors.MEDIA_TYPE.encode("ascii")),
            (b"content-length", str(len(content)).encode("ascii")),
            (b"x-request-id", request_id.encode("ascii")),
            (b"connection", b"close"),
        )
        lines = (b"%b: %b\r\n" % header for header in headers)
        self.transport.write(b"".join((STATUS_LINE[problem.kind.status], *lines, b"\r\n", content)))
        self._close()

    def _close(self) -> None:
        """Close, but read on for a moment: unread bytes would cause a reset, and the answer would be lost."""
        if self._owed == NOTHING and self._refusal is None:
            self.transport.close()
        if self._is_over():
            return
        self._lingers = True
        self._unparsed = memoryview(b"")
        self.flow.held = False
        self.flow.resume_reading()
        self.transport.write_eof()
        self._deadline = self.loop.time() + LINGER_SECONDS
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self.loop.call_later(LINGER_SECONDS, self._look)

    def _is_over(self) -> bool:
        return self._lingers or self.transport.is_closing()
