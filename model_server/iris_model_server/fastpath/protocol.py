"""The fast path: a common prediction is answered as its bytes arrive; all other requests go to ASGI.

It answers only what the reference path would answer with the same bytes. Anything unusual in head, body,
connection or model is handed over, as if this module did not exist.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any, ClassVar, Final

from iris_model_server.access.clients import Client
from iris_model_server.errors import Problem
from iris_model_server.fastpath.routes import METHOD, FastRoute, FastRoutes, KnownHead
from iris_model_server.telemetry import access_log
from iris_model_server.wire import framing, request_ids
from iris_model_server.wire.connection import BODY, HEAD, NOTHING
from iris_model_server.wire.protocol import LimitedProtocol

_METHOD: Final = METHOD.encode("ascii")
_JSON: Final = b"application/json"
# A request with one of these needs more than its body to be understood.
UNUSUAL: Final = frozenset(
    {b"expect", b"content-encoding", b"transfer-encoding", b"upgrade", b"inference-header-content-length"}
)
_MOST_HEADERS: Final = 32
# The answer to a longer body may be one that the reference sends in gzip.
_SHORT_BODY: Final = 4096
_HEAD_END: Final = b"\r\n\r\n"

Headers = dict[bytes, bytes]


@dataclass(slots=True)
class Pending:
    """A prediction in a shared call of its model; takes the place of uvicorn's cycle on the connection."""

    # Nothing waits for it here; uvicorn sets it when the client disconnects.
    message_event: ClassVar[asyncio.Event] = asyncio.Event()

    route: FastRoute
    request_id: str
    start: float
    response_complete: bool = False
    keep_alive: bool = True
    disconnected: bool = False


class FastProtocol(LimitedProtocol):
    """A connection that answers common predictions itself."""

    fast: ClassVar[FastRoutes]
    unusual: ClassVar[frozenset[bytes]] = UNUSUAL

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.client_quoted = b'""'
        # The parser is between requests: everything that it read was answered here.
        self._is_fresh = True
        # The bytes of this read, if a request begins at their start.
        self._whole = b""
        # The route of a prediction that has not been read completely.
        self._route: FastRoute | None = None
        self._sent_id: bytes | None = None
        # Whose key that prediction has, where keys are needed.
        self._caller: Client | None = None
        self._fast_body = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self.client_quoted = access_log.client(self.client)

    def data_received(self, data: bytes) -> None:
        if self._is_fresh and self._owed == NOTHING and not self._unparsed and self._answer_known(data):
            return
        super().data_received(data)

    def _parse(self, data: bytes) -> None:
        self._whole = data if self._is_fresh and self._owed == NOTHING else b""
        super()._parse(data)
        self._whole = b""
        if self._route is not None:
            # Its body comes in chunks: from here on it is a request as any other.
            self._hand_over()

    def _answer_known(self, data: bytes) -> bool:
        """Answer a complete request with a known head; else leave it to the parser."""
        end = data.find(_HEAD_END) + len(_HEAD_END)
        known = self.fast.heads.get(data[:end])
        if known is None or len(data) - end != known.length:
            return False
        self._read = len(data)
        if not self._is_free():
            return False
        self._now = self.loop.time()
        return self._answer(known.route, None, data[end:], known.client)

    def on_message_begin(self) -> None:
        # An answer here needs no scope: it is made when the request is handed over.
        self._owed = HEAD
        self._has_begun = True
        self._deadline = self._now + self.limits.head_seconds
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        self._route = self._read_fast()
        if self._route is None:
            self._begin()
        else:
            self._owed = BODY

    def on_body(self, body: bytes) -> None:
        if self._route is None:
            super().on_body(body)
        else:
            self._fast_body += body

    def on_message_complete(self) -> None:
        route = self._route
        if route is None:
            super().on_message_complete()
            return
        if not self._answer(route, self._sent_id, self._fast_body, self._caller):
            self._hand_over()
            super().on_message_complete()
            return
        self._remember(route)
        self._route = None
        self._fast_body = b""
        self._owed = NOTHING
        self._is_fresh = True

    def _answer(self, route: FastRoute, sent_id: bytes | None, body: bytes, caller: Client | None) -> bool:
        """Answer now, or after a shared call of the model; False: the reference path must answer."""
        fast = self.fast
        around = fast.context
        start = around.clock()
        if len(body) > around.most_bytes or (caller is not None and caller.take(start)):
            return False
        request_id = fast.id_for(sent_id)
        content = route.answer(body, request_id)
        if content is None:
            if self._answer_soon(Pending(route, request_id, start), body):
                return True
            if caller is not None:
                # The reference path answers it, and takes again.
                caller.give_back()
            return False
        answer = fast.success(content, request_id, self.server_state)
        fast.count(route, 200, request_id, around.clock() - start, self.client_quoted)
        self._deadline = self._now + self.limits.idle_seconds
        self.server_state.total_requests += 1
        self.transport.write(answer)
        return True

    def _answer_soon(self, pending: Pending, body: bytes) -> bool:
        ask = pending.route.answer_soon
        if ask is None or not ask(body, pending.request_id, partial(self._end, pending)):
            return False
        # Later requests on this connection wait for it.
        self.cycle = pending  # type: ignore[assignment]  # all that is asked of it
        self._deadline = inf
        self.fast.context.metrics.in_flight += 1
        return True

    def _end(self, pending: Pending, outcome: bytes | Exception) -> None:
        fast, route, request_id = self.fast, pending.route, pending.request_id
        around = fast.context
        around.metrics.in_flight -= 1
        last = around.serving.draining or not pending.keep_alive
        status = 200
        if isinstance(outcome, Exception):
            status, answer = fast.failure(outcome, route, request_id, self.server_state, last=last)
        else:
            answer = fast.success(outcome, request_id, self.server_state, last=last)
        fast.count(route, status, request_id, around.clock() - pending.start, self.client_quoted)
        if pending.disconnected:
            return
        self.transport.write(answer)
        pending.response_complete = True
        if last:
            self.transport.close()
        self.on_response_complete()

    def _remember(self, route: FastRoute) -> None:
        # A head with a request id does not come twice.
        if self._sent_id is None and self._whole:
            end = self._whole.find(_HEAD_END) + len(_HEAD_END)
            if self._whole[end:] == self._fast_body:
                self.fast.remember(self._whole[:end], KnownHead(route, len(self._fast_body), self._caller))

    def _read_fast(self) -> FastRoute | None:
        """The fast route of a request with nothing unusual, or None."""
        route = self.fast.routes.get(self.url)
        if route is None or self.parser.get_method() != _METHOD:
            return None
        headers = dict(self.headers)
        usual = (
            len(headers) == len(self.headers) <= _MOST_HEADERS
            and (not route.asks_for_json or headers.get(b"content-type") == _JSON)
            and b"content-length" in headers
            and framing.is_host(headers.get(b"host", framing.NO_HOST))
            and self.unusual.isdisjoint(headers)
            # One flower has a short answer.
            and (route.asks_for_json or b"accept-encoding" not in headers or _is_short(headers))
            and self.parser.should_keep_alive()
            # HTTP/1.0 needs the header to keep the connection.
            and (b"connection" not in headers or self.parser.get_http_version() == "1.1")
        )
        self._sent_id = headers.get(request_ids.HEADER)
        if not usual or not self._is_free() or self._is_head_too_large() or not self._has_key(headers):
            return None
        return route

    def _has_key(self, headers: Headers) -> bool:
        access = self.fast.context.access
        if access is None:
            return True
        try:
            self._caller = access.find(headers.items(), headers)
        except Problem:
            return False
        return True

    def _is_free(self) -> bool:
        """Whether this request can be answered at once."""
        cycle: Any = self.cycle
        return not (
            # As `is_answering`, without its call.
            (cycle is not None and not cycle.response_complete)
            or self.flow.write_paused
            or self.fast.context.serving.draining
            or self._lingers
            or self.transport.is_closing()
        )

    def _hand_over(self) -> None:
        body, self._fast_body = self._fast_body, b""
        self._route = None
        self._begin()
        if body:
            super().on_body(body)

    def _begin(self) -> None:
        """Do what was postponed at the beginning of the message."""
        self._is_fresh = False
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        deadline = self._deadline
        super().on_message_begin()
        self.url, self.expect_100_continue, self._deadline = url, expect, deadline
        # The scope has the same list.
        self.headers.extend(headers)
        super().on_headers_complete()


def _is_short(headers: Headers) -> bool:
    declared = headers[b"content-length"]
    return len(declared) < 6 and int(declared) <= _SHORT_BODY
