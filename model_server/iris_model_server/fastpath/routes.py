"""The fast routes as bytes: from a body to the whole response on the wire, counted and logged.

All connections share them. They return None for anything unusual, which the reference path then answers.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState

from iris_model_server import errors
from iris_model_server.access.clients import Client
from iris_model_server.prediction.serving import Serving
from iris_model_server.protocols.inference import Callback, Inference
from iris_model_server.protocols.v2 import V2
from iris_model_server.telemetry import access_log
from iris_model_server.telemetry.metrics import RouteMetrics
from iris_model_server.wire import middleware, request_ids
from iris_model_server.wire.middleware import Context

METHOD: Final = "POST"
PATH: Final = "/api/v1/predict"
INFER: Final = "/v2/models/{name}/infer"
# The number of remembered heads, and the longest of them: at most a megabyte.
_MOST_HEADS: Final = 512
_LONGEST_HEAD: Final = 2048

Defaults = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class FastRoute:
    """A route that the fast path can answer."""

    path: str
    template: str
    # Body and request id to the answer's body; None when the reference path must answer.
    answer: Callable[[bytes, str], bytes | None]
    asks_for_json: bool
    # The same for a model whose calls are shared: the callback gets the answer. False when the reference path
    # must answer.
    answer_soon: Callable[[bytes, str, Callback], bool] | None = None
    metrics: RouteMetrics | None = None
    # The part of a log line that all successes of this route share.
    logged: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.logged = _about(self, 200)


class KnownHead(NamedTuple):
    """A head that the parser has read before: the same bytes have the same meaning."""

    route: FastRoute
    length: int
    client: Client | None = None


def routes(inference: Inference, v2: V2, serving: Serving) -> list[FastRoute]:
    """The most common paths."""
    infer = INFER.format(name=serving.name)
    return [
        FastRoute(
            PATH, PATH, inference.predict_at_once, asks_for_json=True, answer_soon=inference.predict_soon
        ),
        FastRoute(infer, INFER, lambda body, _: v2.infer_at_once(body), asks_for_json=False),
    ]


class FastRoutes:
    """The fast routes and what their answers share, for all connections."""

    def __init__(self, context: Context, routes: list[FastRoute]) -> None:
        self.context = context
        self.routes: Mapping[bytes, FastRoute] = {
            f"{root}{route.path}".encode(): route for root in {"", context.root_path} for route in routes
        }
        self.heads: dict[bytes, KnownHead] = {}
        self._logs = context.level <= logging.INFO
        self._defaults: Defaults | None = None
        self._head = b""

    def remember(self, head: bytes, known: KnownHead) -> None:
        """Remember a head, so that the next request with it needs no parser."""
        if len(head) <= _LONGEST_HEAD:
            if len(self.heads) >= _MOST_HEADS:
                self.heads.clear()
            self.heads[head] = known

    def id_for(self, sent: bytes | None) -> str:
        """The id that the request sent, if it is usable, else a new one."""
        if sent is None:
            return self.context.new_id()
        return request_ids.sane(sent) or self.context.new_id()

    def success(self, content: bytes, request_id: str, state: ServerState, *, last: bool = False) -> bytes:
        """The whole response; `last` if the connection closes after it."""
        defaults = state.default_headers
        if defaults is not self._defaults:
            # uvicorn makes a new list when the date has changed.
            self._defaults = defaults
            self._head = b"".join((STATUS_LINE[200], *(b"%b: %b\r\n" % header for header in defaults)))
        return b"%bcontent-length: %d\r\ncontent-type: application/json\r\nx-request-id: %b\r\n%b\r\n%b" % (
            self._head,
            len(content),
            request_id.encode("ascii"),
            b"connection: close\r\n" if last else b"",
            content,
        )

    def failure(
        self, error: Exception, route: FastRoute, request_id: str, state: ServerState, *, last: bool
    ) -> tuple[int, bytes]:
        """Status and whole response, where the model failed or was overloaded."""
        problem = middleware.problem_of(error, request_id, METHOD, route.path)
        status, media_type, content = errors.refusal(problem, request_id, route.path)
        headers = [(name.encode("ascii"), text.encode("ascii")) for name, text in problem.headers.items()]
        headers += [
            (b"content-length", b"%d" % len(content)),
            (b"content-type", media_type.encode("ascii")),
            (b"x-request-id", request_id.encode("ascii")),
        ]
        if last:
            headers.append((b"connection", b"close"))
        head = b"".join(b"%b: %b\r\n" % header for header in (*state.default_headers, *headers))
        return status, b"%b%b\r\n%b" % (STATUS_LINE[status], head, content)

    def count(self, route: FastRoute, status: int, request_id: str, seconds: float, client: bytes) -> None:
        """Count the answer in metrics and log."""
        if route.metrics is None:
            # Bound at the first answer: an unused route has no series.
            route.metrics = self.context.metrics.route(METHOD, route.template)
        route.metrics.observe(status, seconds, request_id)
        if self._logs:
            about = route.logged if status == 200 else _about(route, status)
            self.context.log.add(access_log.line(request_id, about, seconds, client))


def _about(route: FastRoute, status: int) -> bytes:
    return access_log.about(METHOD, route.path, route.template, status)
