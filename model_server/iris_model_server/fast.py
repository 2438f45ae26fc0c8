"""The fast path: the hot request is answered inside the parser's callback, all else goes the ASGI way.

It only ever says what the reference would say to a request that is right: whatever is unusual in head,
body, connection or model is handed over, as if this module did not exist. So it has no error of its own.
"""

import logging
import time
from typing import ClassVar, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from iris_model_server import access_log, request_ids
from iris_model_server.edge import Surroundings
from iris_model_server.inference import Inference
from iris_model_server.protocol import BODY, HEAD, NOTHING, LimitedProtocol

METHOD: Final = "POST"
PATH: Final = "/api/v1/predict"
_METHOD: Final = METHOD.encode("ascii")
_URL: Final = PATH.encode("ascii")
_JSON: Final = b"application/json"
# With one of these a request means more than its body.
_UNUSUAL: Final = frozenset({b"expect", b"transfer-encoding", b"upgrade"})
_MOST_HEADERS: Final = 32

Headers = dict[bytes, bytes]


class Hot:
    """The hot route as bytes: what all connections share."""

    def __init__(self, surroundings: Surroundings, inference: Inference) -> None:
        self.surroundings = surroundings
        self._predict = inference.predict_at_once
        self._logs = surroundings.level <= logging.INFO
        self._defaults: list[tuple[bytes, bytes]] | None = None
        self._head = b""

    def answer(
        self, headers: Headers, body: bytes, client: str, defaults: list[tuple[bytes, bytes]]
    ) -> bytes | None:
        """The whole answer on the wire, counted and logged; None when the reference must answer."""
        around = self.surroundings
        start = around.clock()
        if len(body) > around.most_bytes:
            return None
        sent = headers.get(request_ids.HEADER)
        request_id = (request_ids.sane(sent) if sent is not None else None) or around.new_id()
        content = self._predict(body, request_id)
        if content is None:
            return None
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
        self._record(request_id, client, around.clock() - start)
        return answer

    def _record(self, request_id: str, client: str, seconds: float) -> None:
        self.surroundings.metrics.route(METHOD, PATH).observe(200, seconds)
        if self._logs:
            self.surroundings.log.add(
                access_log.Line(
                    access_log.timestamp(time.time()),
                    "info",
                    request_id,
                    METHOD,
                    PATH,
                    PATH,
                    200,
                    access_log.milliseconds(seconds),
                    client,
                )
            )


class FastProtocol(LimitedProtocol):
    """A connection that answers hot requests itself."""

    hot: ClassVar[Hot]
    # Of the hot request whose end has not been read yet.
    _hot_headers: Headers | None = None
    _hot_body = b""
    _size = 0

    def data_received(self, data: bytes) -> None:
        self._size = len(data)
        super().data_received(data)
        if self._hot_headers is not None:
            # Its body comes in pieces: from here on it is a request as any other.
            self._hand_over()

    def on_message_begin(self) -> None:
        # The scope is made when it is handed over, for an answer here needs none.
        self._owed = HEAD
        self._deadline = self._now + self.limits.head_seconds
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        self._hot_headers = self._read_hot()
        if self._hot_headers is None:
            self._begin()
        else:
            self._owed = BODY

    def on_body(self, body: bytes) -> None:
        if self._hot_headers is None:
            super().on_body(body)
        else:
            self._hot_body += body

    def on_message_complete(self) -> None:
        headers = self._hot_headers
        if headers is None:
            super().on_message_complete()
            return
        client = self.client[0] if self.client else ""
        answer = self.hot.answer(headers, self._hot_body, client, self.server_state.default_headers)
        if answer is None:
            self._hand_over()
            super().on_message_complete()
            return
        self._hot_headers = None
        self._hot_body = b""
        self._owed = NOTHING
        self._deadline = self._now + self.limits.idle_seconds
        self.server_state.total_requests += 1
        self.transport.write(answer)

    def _read_hot(self) -> Headers | None:
        """The headers of a hot request with nothing unusual about it."""
        if self.url != _URL or self.parser.get_method() != _METHOD:
            return None
        count = len(self.headers)
        headers = dict(self.headers)
        usual = (
            len(headers) == count <= _MOST_HEADERS
            and headers.get(b"content-type") == _JSON
            and b"content-length" in headers
            and _UNUSUAL.isdisjoint(headers)
            and self.parser.should_keep_alive()
            # HTTP/1.0 is kept only by asking for it.
            and (b"connection" not in headers or self.parser.get_http_version() == "1.1")
        )
        return headers if usual and self._is_free() else None

    def _is_free(self) -> bool:
        """Nothing stands between this request and its answer."""
        return not (
            self._is_answering()
            or self.flow.write_paused
            or self.hot.surroundings.serving.draining
            or self._head_bytes + self._size > self.limits.head_bytes
            or self.transport.is_closing()
        )

    def _hand_over(self) -> None:
        body, self._hot_body = self._hot_body, b""
        self._hot_headers = None
        self._begin()
        if body:
            super().on_body(body)

    def _begin(self) -> None:
        """What was put off at the beginning of the message."""
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        deadline = self._deadline
        super().on_message_begin()
        self.url, self.expect_100_continue, self._deadline = url, expect, deadline
        # The same list is in the scope.
        self.headers.extend(headers)
        super().on_headers_complete()
