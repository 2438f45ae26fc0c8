"""One connection: uvicorn's HTTP protocol, with our limits and our words for what never becomes a request.

What does not parse, is too large in its head or comes too slowly is refused here, for no route and no
middleware sees it. A refusal waits its turn: whatever was asked before it is answered first.
"""

import asyncio
from math import inf
from typing import Any, ClassVar, Final
from urllib.parse import unquote
from uuid import uuid4

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from iris_model_server import errors
from iris_model_server.errors import Problem
from iris_model_server.settings import Settings
from iris_model_server.wire import limits, middleware, responses
from iris_model_server.wire.cycle import Cycle, Flow
from iris_model_server.wire.limits import Limits

# What of a message the client owes us.
NOTHING, HEAD, BODY = range(3)
MOST_HEADERS: Final = 100
EXTENSIONS: Final[dict[str, dict[object, object]]] = {responses.WHOLE: {}}
# The most that uvloop reads at once.
ONE_READ: Final = 262_144
# The most that is parsed at once: it bounds how many short requests can wait for their answers.
ONE_PARSE: Final = 65_536


def limited(settings: Settings) -> "type[LimitedProtocol]":
    """The protocol with these settings' limits."""

    return type("Limited", (LimitedProtocol,), {"limits": limits.of(settings)})


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol within limits; a subclass says which."""

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
        # Of a head that is still coming: before this parse, and in it.
        self._head_bytes = 0
        self._read = 0
        self._has_begun = False
        # Received, and not parsed before the requests ahead of it are answered.
        self._unparsed = b""
        self._now = 0.0
        # Nothing is cancelled or armed per request: one timer looks now and then whether this has passed.
        self._deadline = inf
        self._watch: asyncio.TimerHandle | None = None
        self._refusal: Problem | None = None
        self._waits = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self.flow = Flow(transport)
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
        self._unparsed += data
        self._parse_next()
        if self._owed == NOTHING and self._deadline == inf and not self.is_answering():
            # Line ends between requests: no request, so no reason to stay for ever.
            self._deadline = self._now + self.limits.idle_seconds

    def _parse_next(self) -> None:
        """Parse what was received, up to the first request that has to wait for its turn."""
        while self._unparsed and not self.pipeline and self._refusal is None:
            part, self._unparsed = self._unparsed[:ONE_PARSE], self._unparsed[ONE_PARSE:]
            self._parse(part)
        self.flow.held = bool(self._unparsed or self.pipeline)
        if self.flow.held:
            self.flow.pause_reading()

    def _parse(self, data: bytes) -> None:
        self._read = len(data)
        self._has_begun = False
        self._feed(data)
        if self._owed != HEAD:
            self._head_bytes = 0
        else:
            self._head_bytes = len(data) if self._has_begun else self._head_bytes + len(data)
        # Exact at its end (on_headers_complete); here it may stand behind other requests of the same read.
        if self._head_bytes > self.limits.head_bytes + ONE_READ and self._refusal is None:
            self._refusal = self._head_too_large()
            self.send_400_response("")

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Read a message that asks for another protocol as RFC 9110 7.8 says: as if it did not ask.

        Behind such a head the parser stops and takes the body for the other protocol. A new parser reads the
        head without that wish, so it frames the body as it frames any other.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            self.send_400_response("method CONNECT, and this server is no proxy")
            return
        version = self.parser.get_http_version().encode("ascii")
        kept = ((name, value) for name, value in self.headers if name != b"upgrade")
        lines = (b"%b: %b\r\n" % header for header in kept)
        head = b"".join((b"%b %b HTTP/%b\r\n" % (method, self.url, version), *lines, b"\r\n"))
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._feed(head)
        if self._refusal is None:
            self._feed(rest)

    def on_message_begin(self) -> None:
        self._owed = HEAD
        self._has_begun = True
        self._deadline = self._now + self.limits.head_seconds
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        if self._is_head_too_large():
            self._refusal = self._head_too_large()
            # Ends the parser; uvicorn then calls send_400_response.
            raise self._refusal
        self._complete_scope()
        self._owed = BODY
        self._deadline = self._now + self.limits.body_seconds
        waits = self.is_answering()
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
        # An absolute form may have no path (RFC 9112 3.2.2).
        raw_path = url.path or b"/"
        path = raw_path.decode("ascii")
        self.scope["method"] = self.parser.get_method().decode("ascii")
        self.scope["http_version"] = self.parser.get_http_version()
        self.scope["path"] = unquote(path) if "%" in path else path
        self.scope["raw_path"] = raw_path
        self.scope["query_string"] = url.query or b""
        self.scope["extensions"] = EXTENSIONS

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._owed = NOTHING
        self._deadline = inf
        super().on_message_complete()

    def on_response_complete(self) -> None:
        is_last = not self.pipeline
        self.server_state.total_requests += 1
        if not self.transport.is_closing() and self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if self._waits and (is_last or (self.cycle.disconnected and not self.pipeline)):
            self._write(self._refusal)
        if self.transport.is_closing():
            return
        self._now = self.loop.time()
        self._parse_next()
        self.flow.resume_reading()
        if self._owed == NOTHING and not self.is_answering():
            self._deadline = self._now + self.limits.idle_seconds

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
            # The middleware answers it, so that it is counted and logged as every answer is.
            self.cycle.scope[middleware.LATE] = late  # type: ignore[typeddict-unknown-key]  # a key of ours
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
