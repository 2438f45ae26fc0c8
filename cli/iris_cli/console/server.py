"""Serves the console on loopback: pages, fragments as server-sent events, and files. GET only."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from threading import BoundedSemaphore
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from iris_cli.console import boards, charts, views
from iris_cli.console.access import HEADERS, Access
from iris_cli.console.insight import Insight
from iris_cli.console.live import State
from iris_cli.errors import Trouble
from iris_cli.traffic import Key

_FILES: Final = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "console.svg": "image/svg+xml",
    "charts.js": "text/javascript",
    "uplot/uPlot.iife.min.js": "text/javascript",
    "uplot/uPlot.min.css": "text/css",
}
_BOARDS: Final = {"fleet": boards.of_fleet, "operator": boards.of_operator}
_MOST_STREAMS: Final = 32


class Server(ThreadingHTTPServer):
    """One console; `access` admits its browser."""

    daemon_threads = True

    def __init__(self, port: int, insight: Insight) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.insight = insight
        self.access = Access(self.server_port)
        self.streams = BoundedSemaphore(_MOST_STREAMS)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An idle connection of the browser.
    timeout = 60
    server: Server

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (BrokenPipeError, ConnectionResetError):  # the browser has closed its page
            self.close_connection = True

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        access = self.server.access
        if not access.is_host(self.headers.get("Host")):
            self._refuse(
                HTTPStatus.MISDIRECTED_REQUEST, "Host: expected the address that `iris console` printed"
            )
        elif url.path == "/" and "token" in query:
            self._admit(query["token"][0])
        elif not access.is_known(self.headers.get("Cookie")):
            self._refuse(
                HTTPStatus.FORBIDDEN, "Expected the address that `iris console` printed; it works once."
            )
        else:
            self._answer(url.path, query)

    def _answer(self, path: str, query: dict[str, list[str]]) -> None:
        state, insight = self.server.insight.live.state(), self.server.insight
        name = path.removeprefix("/static/")
        key = _key(query)
        if path == "/":
            rows = [insight.row(body) for _, body in sorted(state.models.items())]
            page = views.fleet_page(rows, state.revision, trouble=state.trouble, notes=insight.notes())
            self._send(HTTPStatus.OK, "text/html", page)
        elif path != name and name in _FILES:
            text = resources.files("iris_cli.console").joinpath("static", *name.split("/")).read_text("utf-8")
            self._send(HTTPStatus.OK, _FILES[name], text)
        elif path == "/model" and key is not None and key in state.models:
            self._send(HTTPStatus.OK, "text/html", self._model(state, key))
        elif path == "/events" and (key is None or key in state.models):
            self._stream(insight.model_events(key) if key else insight.fleet_events(_revision(query)))
        elif path in ("/charts", "/charts/events"):
            self._charts(path, query, state)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "No such page or model.")

    def _charts(self, path: str, query: dict[str, list[str]], state: State) -> None:
        insight, key, name = self.server.insight, _key(query), query.get("board", ["fleet"])[0]
        if key not in state.models if key else name not in _BOARDS:
            self._refuse(HTTPStatus.NOT_FOUND, "No such model or board.")
            return
        try:
            board = boards.of_model(state.models[key]) if key else _BOARDS[name]()
        except Trouble as trouble:
            self._refuse(HTTPStatus.CONFLICT, str(trouble))
            return
        wanted = {choice: values[0] for choice, values in query.items()}
        view = charts.choose(board, wanted, insight.live.namespace)
        if path == "/charts":
            subject = {"key": "/".join(key)} if key else {"board": name}
            page = views.charts_page(view, subject, trouble=state.trouble)
            self._send(HTTPStatus.OK, "text/html", page)
        else:
            self._stream(insight.chart_events(view))

    def _model(self, state: State, key: Key) -> str:
        trouble = state.trouble
        try:
            insight = self.server.insight
            content = insight.content(insight.look(state.models[key]))
        except Trouble as found:
            content, trouble = "", str(found)
        return views.model_page("/".join(key), content, trouble=trouble)

    def _stream(self, events: Iterator[tuple[str, Any]]) -> None:
        if not self.server.streams.acquire(blocking=False):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, f"Expected at most {_MOST_STREAMS} open pages.")
            return
        try:
            self._head(HTTPStatus.OK, "text/event-stream", None)
            for kind, value in events:
                self.wfile.write(f"event: {kind}\ndata: {json.dumps(value)}\n\n".encode())
                self.wfile.flush()
        finally:
            self.server.streams.release()
            self.close_connection = True

    def _admit(self, token: str) -> None:
        access = self.server.access
        if not access.redeem(token) and not access.is_known(self.headers.get("Cookie")):
            self._refuse(HTTPStatus.FORBIDDEN, "This address was used before. Start `iris console` again.")
            return
        self._head(
            HTTPStatus.SEE_OTHER, "text/plain", 0, {"Location": "/", "Set-Cookie": access.set_cookie()}
        )

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        self._send(status, "text/plain", f"{text}\n")

    def _send(self, status: HTTPStatus, kind: str, text: str) -> None:
        content = text.encode()
        self._head(status, kind, len(content))
        self.wfile.write(content)

    def _head(
        self, status: HTTPStatus, kind: str, length: int | None, further: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, **(further or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        if length is None:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._not_get
        raise AttributeError(name)

    def _not_get(self) -> None:
        # The body was not read, so the connection cannot serve another request.
        self.close_connection = True
        content = b"The console only reads: expected GET.\n"
        further = {"Allow": "GET", "Connection": "close"}
        self._head(HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", len(content), further)
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in the base class
        """The first address has a secret, so nothing is logged."""


def _revision(query: dict[str, list[str]]) -> int:
    """The one that the page was made from; 0, before all, for anything else."""
    text = query.get("revision", ["0"])[0]
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def _key(query: dict[str, list[str]]) -> Key | None:
    namespace, _, name = query.get("key", [""])[0].partition("/")
    return (namespace, name) if name else None
