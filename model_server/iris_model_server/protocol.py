"""One connection: uvicorn's HTTP protocol, with our limits and our words for what never becomes a request.

What does not parse, is too large in its head or comes too slowly is refused here, for no route and no
edge sees it. A refusal waits its turn: whatever was asked before it is answered first.
"""

import asyncio
from dataclasses import dataclass
from math import inf
from typing import Any, ClassVar, Final
from urllib.parse import unquote
from uuid import uuid4

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from iris_model_server import answers, edge, errors
from iris_model_server.errors import Problem
from iris_model_server.settings import Settings

# What of a message the client owes us.
NOTHING, HEAD, BODY = range(3)
MOST_HEADERS: Final = 100
EXTENSIONS: Final[dict[str, dict[object, object]]] = {answers.WHOLE: {}}
# The most that uvloop reads at once.
ONE_READ: Final = 262_144


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may take of us."""

    head_bytes: int
    head_seconds: float
    body_seconds: float
    idle_seconds: float
    connections: int


def limits(settings: Settings) -> Limits:
    return Limits(
        head_bytes=settings.max_head_bytes,
        head_seconds=settings.head_seconds,
        body_seconds=settings.body_seconds,
        idle_seconds=settings.keep_alive_seconds,
        connections=settings.max_connections,
    )


class Cycle(RequestResponseCycle):
    """uvicorn's request and answer, which can also take an answer that is whole."""

    async def send(self, message: Any) -> None:
        if answers.WHOLE not in message:
            await super().send(message)
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        # What uvicorn says of the same answer in two messages, without a second look at headers of our own.
        headers = [*self.default_headers, *message["headers"]]
        if (b"connection", b"close") in headers:
            self.keep_alive = False
        elif not self.keep_alive:
            headers.append((b"connection", b"close"))
        head = b"".join([b"%b: %b\r\n" % header for header in headers])
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[message["status"]], head, message[answers.WHOLE]))
        self.waiting_for_100_continue = False
        self.response_started = self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol within limits; a subclass says which."""

    limits: ClassVar[Limits]

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._owed = NOTHING
        # Of a head that is still coming: before this read, and in it.
        self._head_bytes = 0
        self._read = 0
        self._now = 0.0
        # Nothing is cancelled or armed per request: one timer looks now and then whether this has passed.
        self._deadline = inf
        self._watch: asyncio.TimerHandle | None = None
        self._refusal: Problem | None = None
        self._waits = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            detail = f"{self.limits.connections} connections are open, no more are taken"
            self._write(Problem(errors.OVERLOADED, detail, headers={"retry-after": "1"}))
            return
        self._deadline = self.loop.time() + self.limits.head_seconds
        self._watch = self.loop.call_later(self.limits.head_seconds, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None:
            # What follows broken bytes has no meaning.
            return
        self._now = self.loop.time()
        self._read = len(data)
        super().data_received(data)
        self._head_bytes = self._head_bytes + len(data) if self._owed == HEAD else 0
        # Exact at its end (on_headers_complete); here it may stand behind other requests of the same read.
        if self._head_bytes > self.limits.head_bytes + ONE_READ and self._refusal is None:
            self._refusal = self._head_too_large()
            self.send_400_response("")
        if self._owed == NOTHING and self._deadline == inf and not self.is_answering():
            # Line ends between requests: no request, so no reason to stay for ever.
            self._deadline = self._now + self.limits.idle_seconds

    def on_message_begin(self) -> None:
        self._owed = HEAD
        self._deadline = self._now + self.limits.head_seconds
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._is_head_too_large():
            self._refusal = self._head_too_large()
            # Ends the parser; uvicorn then calls send_400_response.
            raise self._refusal
        self._owed = BODY
        self._deadline = self._now + self.limits.body_seconds
        waits = self.is_answering()
        self._complete_scope()
        self.cycle = Cycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=self.scope["http_version"] != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if waits:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        else:
            self._start_asgi_task(self.cycle, self.app)

    def _complete_scope(self) -> None:
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        self.scope["method"] = self.parser.get_method().decode("ascii")
        self.scope["http_version"] = self.parser.get_http_version()
        self.scope["path"] = unquote(path) if "%" in path else path
        self.scope["raw_path"] = url.path
        self.scope["query_string"] = url.query or b""
        self.scope["extensions"] = EXTENSIONS

    def on_message_complete(self) -> None:
        self._owed = NOTHING
        self._deadline = inf
        super().on_message_complete()

    def on_response_complete(self) -> None:
        is_last = not self.pipeline
        self.server_state.total_requests += 1
        if not self.transport.is_closing():
            self.flow.resume_reading()
            if self.pipeline:
                self._start_asgi_task(*self.pipeline.pop())
            elif self._owed == NOTHING:
                self._deadline = self.loop.time() + self.limits.idle_seconds
        if self._waits and (is_last or (self.cycle.disconnected and not self.pipeline)):
            self._write(self._refusal)

    def send_400_response(self, msg: str) -> None:
        if self._refusal is None:
            self._refusal = Problem(errors.NOT_HTTP, f"request: {msg.rstrip('.')}, expected HTTP/1.1")
        if self._owed == BODY and self.pipeline:
            # The broken one itself finds its client gone when its turn comes.
            self.cycle.disconnected = True
            self._waits = True
        elif self._owed != BODY and self.is_answering():
            self._waits = True
        else:
            self._write(self._refusal)

    def _is_head_too_large(self) -> bool:
        if len(self.headers) > MOST_HEADERS:
            return True
        if self._head_bytes + self._read <= self.limits.head_bytes:
            # All that was read since it began is no more: no need to add up.
            return False
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        return size > self.limits.head_bytes

    def is_answering(self) -> bool:
        return bool(self.cycle) and not self.cycle.response_complete

    def _head_too_large(self) -> Problem:
        return Problem(
            errors.HEAD_TOO_LARGE,
            f"request head: more, expected at most {self.limits.head_bytes} bytes in {MOST_HEADERS} headers",
        )

    def _look(self) -> None:
        now = self.loop.time()
        if now >= self._deadline:
            self._deadline = inf
            self._end_wait()
        if not self.transport.is_closing():
            wait = min(self._deadline - now, self.limits.head_seconds)
            self._watch = self.loop.call_later(wait, self._look)

    def _end_wait(self) -> None:
        late = Problem(
            errors.TOO_SLOW, "request: incomplete, expected it sooner", headers={"connection": "close"}
        )
        if self._owed == BODY and self.is_answering():
            # The edge tells it, so that it is counted and logged as every answer is.
            self.cycle.scope[edge.LATE] = late  # type: ignore[typeddict-unknown-key]  # a key of ours
            self.cycle.message_event.set()
        elif self._owed == HEAD and not self.is_answering():
            self._refusal = late
            self._write(late)
        elif not self.is_answering():
            self.transport.close()

    def _write(self, problem: Problem | None) -> None:
        if problem is None or self.transport.is_closing():
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
        self.transport.close()
