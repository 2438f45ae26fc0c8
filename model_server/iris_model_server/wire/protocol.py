"""Reads the requests of a connection with uvicorn's parser, within limits and by RFC 9110 and RFC 9112.

A request that does not parse, has too large a head or comes too slowly is refused here and reaches no
route. Earlier requests of the same connection are answered first.
"""

import asyncio
from math import inf
from typing import Any, Final
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from iris_model_server import errors
from iris_model_server.errors import Problem
from iris_model_server.settings import Settings
from iris_model_server.wire import framing, limits, middleware, responses
from iris_model_server.wire.connection import BODY, HEAD, NOTHING, Connection
from iris_model_server.wire.cycle import Cycle

MOST_HEADERS: Final = 100
EXTENSIONS: Final[dict[str, dict[object, object]]] = {responses.WHOLE: {}}
# The most bytes that uvloop reads at once.
ONE_READ: Final = 262_144
# The most bytes that are parsed at once: bounds the number of short requests that wait.
ONE_PARSE: Final = 65_536


def limited(settings: Settings) -> "type[LimitedProtocol]":
    """The protocol class with the limits of these settings."""
    return type("Limited", (LimitedProtocol,), {"limits": limits.of(settings)})


class LimitedProtocol(Connection):
    """A connection that reads requests within limits."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        # Bytes of an incomplete head: before this parse, and in it.
        self._head_bytes = 0
        self._read = 0
        self._has_begun = False
        # Bytes read since the last body byte, such as trailers and chunk extensions.
        self._overhead = 0
        self._now = 0.0

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None or self._lingers:
            # After invalid bytes or the last answer, the rest is dropped.
            return
        self._now = self.loop.time()
        if not self._unparsed and not self.pipeline and len(data) <= ONE_PARSE:
            self._parse(data)
            if self.pipeline:
                self._hold()
        else:
            self._unparsed = memoryview(bytes(self._unparsed) + data if self._unparsed else data)
            self._parse_next()
        if self._owed == NOTHING and self._deadline == inf and not self.is_answering():
            # Only line ends between requests: the idle limit applies.
            self._deadline = self._now + self.limits.idle_seconds

    def _parse_next(self) -> None:
        """Parse what was received, up to the first request that has to wait for its turn."""
        while self._unparsed and not self.pipeline and self._refusal is None:
            # Slices of a view: the rest of a large body is not copied once for each part.
            part, self._unparsed = self._unparsed[:ONE_PARSE], self._unparsed[ONE_PARSE:]
            self._parse(bytes(part))
        self._hold()

    def _hold(self) -> None:
        """Stop reading while a request waits for its turn."""
        self.flow.held = bool(self._unparsed or self.pipeline)
        if self.flow.held:
            self.flow.pause_reading()

    def _parse(self, data: bytes) -> None:
        self._read = len(data)
        self._has_begun = False
        self._overhead = self._overhead + len(data) if self._owed == BODY else 0
        self._feed(data)
        if self._owed == BODY and self._overhead > self.limits.head_bytes + ONE_READ:
            self._refusal = self._head_too_large()
            self.send_400_response("")
        if self._owed != HEAD:
            self._head_bytes = 0
        else:
            self._head_bytes = len(data) if self._has_begun else self._head_bytes + len(data)
        # Exact at its end (on_headers_complete); here it may follow other requests of the same read.
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
        """Ignore an upgrade that is not supported (RFC 9110 7.8).

        After such a head the parser stops and treats the body as data of the other protocol. A new parser
        reads the head without its Upgrade header, so it frames the body as usual.
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

    def on_header(self, name: bytes, value: bytes) -> None:
        # A trailer is not part of the head, and nothing here reads one (RFC 9110 6.5.1).
        if self._owed == BODY:
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        version = self.parser.get_http_version()
        by_name = dict(self.headers)
        is_each_once = len(by_name) == len(self.headers)
        if self._is_head_too_large():
            self._refusal = self._head_too_large()
        elif not (is_each_once and framing.is_usual(version, by_name)):
            self._refusal = framing.refusal(version, self.headers)
        if self._refusal is not None:
            # Ends the parser; uvicorn then calls send_400_response.
            raise self._refusal
        self._complete_scope(version)
        if is_each_once:
            self.scope[middleware.HEADERS] = by_name  # type: ignore[typeddict-unknown-key]  # a key of ours
        self._owed = BODY
        self._deadline = self._now + self.limits.body_seconds
        waits = self.is_answering()
        self.cycle = Cycle(
            scope=self.scope,
            transport=self._outlet,  # type: ignore[arg-type]  # all that is asked of it
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue and version != "1.0",
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if waits:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        else:
            self._start_asgi_task(self.cycle, self.app)

    def _complete_scope(self, version: str) -> None:
        url = httptools.parse_url(self.url)
        # An absolute form may have no path (RFC 9112 3.2.2).
        raw_path = url.path or b"/"
        path = raw_path.decode("ascii")
        self.scope["method"] = self.parser.get_method().decode("ascii")
        self.scope["http_version"] = version
        self.scope["path"] = unquote(path) if "%" in path else path
        self.scope["raw_path"] = raw_path
        self.scope["query_string"] = url.query or b""
        self.scope["extensions"] = EXTENSIONS

    def on_body(self, body: bytes) -> None:
        self._overhead = 0
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        cycle = self.cycle
        if not self.parser.should_keep_alive():
            # A trailer can cause this, too; the parser then reads no further request.
            cycle.keep_alive = False
            if cycle.response_complete:
                self._close()
        self._owed = NOTHING
        self._deadline = inf
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()

    def on_response_complete(self) -> None:
        is_last = not self.pipeline
        self.server_state.total_requests += 1
        if self.pipeline and not self._is_over():
            self._start_asgi_task(*self.pipeline.pop())
        # The client of the last one may have gone: no answer then.
        if self._waits and (is_last or (self.cycle.disconnected and not self.pipeline)):
            self._write(self._refusal)
        if self._lingers or self.transport.is_closing():
            return
        self._now = self.loop.time()
        if self._unparsed or self.flow.held:
            self._parse_next()
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self._has_ended and not self.pipeline and (self.cycle.disconnected or not self.is_answering()):
            self.transport.close()
        elif self._owed == NOTHING and self.cycle.response_complete:
            self._deadline = self._now + self.limits.idle_seconds
        elif self._owed == HEAD and self._deadline == inf:
            # The deadline passed while earlier requests were answered.
            self._deadline = self._now + self.limits.head_seconds

    def send_400_response(self, msg: str) -> None:
        if self._refusal is None:
            self._refusal = Problem(errors.NOT_HTTP, f"request: {msg.rstrip('.')}, expected HTTP/1.1")
        if self._owed == BODY and self.pipeline:
            # The invalid request itself gets no answer of the app.
            self.cycle.disconnected = True
            self._waits = True
        elif self._owed != BODY and self.is_answering():
            self._waits = True
        elif self._owed == BODY and self.cycle.response_started:
            # It is answered already.
            self._close()
        else:
            self._write(self._refusal)

    def _is_head_too_large(self) -> bool:
        if len(self.headers) > MOST_HEADERS:
            return True
        if self._head_bytes + self._read <= self.limits.head_bytes:
            # Everything read since it began is within the limit: no need to add up.
            return False
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        return size > self.limits.head_bytes

    def _head_too_large(self) -> Problem:
        return Problem(
            errors.HEAD_TOO_LARGE,
            f"head: too large, expected at most {self.limits.head_bytes} bytes in {MOST_HEADERS} headers",
        )
