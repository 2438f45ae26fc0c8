"""The fast path: a hot request is answered as its bytes arrive, all else goes the ASGI way.

It only ever says what the reference would say to a request that is right: whatever is unusual in head,
body, connection or model is handed over, as if this module did not exist. So it has no error of its own.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NamedTuple

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState

from iris_model_server import access_log, request_ids
from iris_model_server.edge import Surroundings
from iris_model_server.inference import Inference
from iris_model_server.metrics import RouteMetrics
from iris_model_server.protocol import BODY, HEAD, NOTHING, LimitedProtocol
from iris_model_server.serving import Serving
from iris_model_server.v2 import V2

METHOD: Final = "POST"
PATH: Final = "/api/v1/predict"
INFER: Final = "/v2/models/{name}/infer"
_METHOD: Final = METHOD.encode("ascii")
_JSON: Final = b"application/json"
# With one of these a request means more than its body.
_UNUSUAL: Final = frozenset({b"expect", b"transfer-encoding", b"upgrade", b"inference-header-content-length"})
_MOST_HEADERS: Final = 32
_HEAD_END: Final = b"\r\n\r\n"
# Heads that are remembered, and the longest of them: at most a megabyte.
_MOST_HEADS: Final = 512
_LONGEST_HEAD: Final = 2048

Headers = dict[bytes, bytes]
Defaults = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class HotRoute:
    """A route that can answer at once."""

    path: str
    template: str
    # A body and a request id in, the answer's body out; None when the reference must answer.
    answer: Callable[[bytes, str], bytes | None]
    asks_for_json: bool
    metrics: RouteMetrics | None = None
    about: bytes = b""


class KnownHead(NamedTuple):
    """A head that the parser has read before: the same bytes mean the same."""

    route: HotRoute
    length: int


def routes(inference: Inference, v2: V2, serving: Serving) -> list[HotRoute]:
    """The paths that people send most to."""
    infer = INFER.format(name=serving.name)
    return [
        HotRoute(PATH, PATH, inference.predict_at_once, asks_for_json=True),
        HotRoute(infer, INFER, lambda body, _: v2.infer_at_once(body), asks_for_json=False),
    ]


class Hot:
    """The hot routes as bytes: what all connections share."""

    def __init__(self, surroundings: Surroundings, routes: list[HotRoute]) -> None:
        self.surroundings = surroundings
        self.routes: Mapping[bytes, HotRoute] = {route.path.encode(): route for route in routes}
        self.heads: dict[bytes, KnownHead] = {}
        self._logs = surroundings.level <= logging.INFO
        self._defaults: Defaults | None = None
        self._head = b""

    def remember(self, head: bytes, known: KnownHead) -> None:
        """So that the next request with this head needs no parser."""
        if len(head) <= _LONGEST_HEAD:
            if len(self.heads) >= _MOST_HEADS:
                self.heads.clear()
            self.heads[head] = known

    def answer(
        self, route: HotRoute, sent_id: bytes | None, body: bytes, connection: "FastProtocol"
    ) -> bytes | None:
        """The whole answer on the wire, counted and logged; None when the reference must answer."""
        around = self.surroundings
        start = around.clock()
        if len(body) > around.most_bytes:
            return None
        request_id = (request_ids.sane(sent_id) if sent_id is not None else None) or around.new_id()
        content = route.answer(body, request_id)
        if content is None:
            return None
        defaults = connection.server_state.default_headers
        if defaults is not self._defaults:
            # uvicorn makes a new list when the date has changed.
            self._defaults = defaults
            self._head = b"".join((STATUS_LINE[200], *(b"%b: %b\r\n" % header for header in defaults)))
        answer = b"%bcontent-length: %d\r\ncontent-type: application/json\r\nx-request-id: %b\r\n\r\n%b" % (
            self._head,
            len(content),
            request_id.encode("ascii"),
            content,
        )
        if route.metrics is None:
            # Not before the first answer, for a route that nobody asked has no series.
            route.metrics = around.metrics.route(METHOD, route.template)
            route.about = access_log.about(METHOD, route.path, route.template, 200)
        seconds = around.clock() - start
        route.metrics.observe(200, seconds, request_id)
        if self._logs:
            around.log.add(access_log.line(request_id, route.about, seconds, connection.client_quoted))
        return answer


class FastProtocol(LimitedProtocol):
    """A connection that answers hot requests itself."""

    hot: ClassVar[Hot]

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.client_quoted = b'""'
        # The parser stands before a request, as on a new connection: whatever it read was answered here.
        self._is_fresh = True
        # What is read now, if a request begins where it begins.
        self._whole = b""
        # The hot request whose end has not been read yet.
        self._route: HotRoute | None = None
        self._sent_id: bytes | None = None
        self._hot_body = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self.client_quoted = access_log.quoted(self.client[0] if self.client else "")

    def data_received(self, data: bytes) -> None:
        if self._is_fresh and self._owed == NOTHING:
            if self._answer_known(data):
                return
            self._whole = data
        super().data_received(data)
        self._whole = b""
        if self._route is not None:
            # Its body comes in pieces: from here on it is a request as any other.
            self._hand_over()

    def _answer_known(self, data: bytes) -> bool:
        """Answer a request whose head was read before and that is complete; else leave it to the parser."""
        end = data.find(_HEAD_END) + len(_HEAD_END)
        known = self.hot.heads.get(data[:end])
        if known is None or len(data) - end != known.length:
            return False
        self._read = len(data)
        if not self._is_free():
            return False
        answer = self.hot.answer(known.route, None, data[end:], self)
        if answer is None:
            return False
        self._now = self.loop.time()
        self._write_answer(answer)
        return True

    def on_message_begin(self) -> None:
        # The scope is made when it is handed over, for an answer here needs none.
        self._owed = HEAD
        self._deadline = self._now + self.limits.head_seconds
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        self._route = self._read_hot()
        if self._route is None:
            self._begin()
        else:
            self._owed = BODY

    def on_body(self, body: bytes) -> None:
        if self._route is None:
            super().on_body(body)
        else:
            self._hot_body += body

    def on_message_complete(self) -> None:
        route = self._route
        if route is None:
            super().on_message_complete()
            return
        answer = self.hot.answer(route, self._sent_id, self._hot_body, self)
        if answer is None:
            self._hand_over()
            super().on_message_complete()
            return
        self._remember(route)
        self._route = None
        self._hot_body = b""
        self._owed = NOTHING
        self._is_fresh = True
        self._write_answer(answer)

    def _write_answer(self, answer: bytes) -> None:
        self._deadline = self._now + self.limits.idle_seconds
        self.server_state.total_requests += 1
        self.transport.write(answer)

    def _remember(self, route: HotRoute) -> None:
        # A head with an id of its own comes only once.
        if self._sent_id is None and self._whole:
            end = self._whole.find(_HEAD_END) + len(_HEAD_END)
            if self._whole[end:] == self._hot_body:
                self.hot.remember(self._whole[:end], KnownHead(route, len(self._hot_body)))

    def _read_hot(self) -> HotRoute | None:
        """The route of a request with nothing unusual about it."""
        route = self.hot.routes.get(self.url)
        if route is None or self.parser.get_method() != _METHOD:
            return None
        headers = dict(self.headers)
        usual = (
            len(headers) == len(self.headers) <= _MOST_HEADERS
            and (not route.asks_for_json or headers.get(b"content-type") == _JSON)
            and b"content-length" in headers
            and _UNUSUAL.isdisjoint(headers)
            and self.parser.should_keep_alive()
            # HTTP/1.0 is kept only by asking for it.
            and (b"connection" not in headers or self.parser.get_http_version() == "1.1")
        )
        self._sent_id = headers.get(request_ids.HEADER)
        return route if usual and self._is_free() and not self._is_head_too_large() else None

    def _is_free(self) -> bool:
        """Nothing stands between this request and its answer."""
        return not (
            self._is_answering()
            or self.flow.write_paused
            or self.hot.surroundings.serving.draining
            or self.transport.is_closing()
        )

    def _hand_over(self) -> None:
        body, self._hot_body = self._hot_body, b""
        self._route = None
        self._begin()
        if body:
            super().on_body(body)

    def _begin(self) -> None:
        """What was put off at the beginning of the message."""
        self._is_fresh = False
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        deadline = self._deadline
        super().on_message_begin()
        self.url, self.expect_100_continue, self._deadline = url, expect, deadline
        # The same list is in the scope.
        self.headers.extend(headers)
        super().on_headers_complete()
