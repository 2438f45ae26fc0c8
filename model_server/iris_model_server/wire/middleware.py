"""Surrounds every request: its id, the body limit, metrics, access log, the last error handler.

It is plain ASGI, because a middleware base class costs more than the whole answer. It does not look at the
content of a request.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iris_model_server import errors
from iris_model_server.access.clients import Access
from iris_model_server.access.credentials import Header
from iris_model_server.errors import Problem
from iris_model_server.prediction.serving import Serving
from iris_model_server.telemetry import access_log
from iris_model_server.telemetry.access_log import AccessLog
from iris_model_server.telemetry.metrics import Metrics
from iris_model_server.wire import coding, request_ids

log = logging.getLogger(__name__)

# Keys of the scope: the id of the request, its headers by name (set by the protocol where none comes twice),
# and the problem that answers a body that came too late.
REQUEST_ID: Final = "iris.request_id"
HEADERS: Final = "iris.headers"
LATE: Final = "iris.late"
UNMATCHED: Final = "unmatched"
# nginx's status for "client closed request"; never sent, only counted and logged.
CLIENT_LEFT: Final = 499
# These need no key: the kubelet has none, and the answers have no content.
KEYLESS: Final = frozenset({"/livez", "/readyz", "/v2/health/live", "/v2/health/ready"})
# Requested every few seconds by machines: logged only at level Debug.
PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})
_CODING: Final = b"content-encoding"
_FIRST: Final = (request_ids.HEADER, b"content-type")


@dataclass(frozen=True, slots=True)
class Context:
    """The dependencies of the middleware."""

    serving: Serving
    metrics: Metrics
    log: AccessLog
    level: int
    most_bytes: int
    # Pages of these origins may call the server from their scripts.
    origins: tuple[str, ...] = ()
    root_path: str = ""
    # None: nobody needs a key.
    access: Access | None = None
    new_id: Callable[[], str] = field(default_factory=request_ids.source)
    clock: Callable[[], float] = time.perf_counter


class RequestMiddleware:
    """Our outermost middleware."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._with = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        app = self._below_root(scope) if self._with.root_path else self._app
        exchange = Exchange(self._with, scope, receive, send)
        self._with.metrics.in_flight += 1
        try:
            access = self._with.access
            if access is not None and (scope["method"] == "POST" or self.needs_key(scope)):
                access.admit(scope["headers"], exchange.given, exchange.start)
            await app(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            exchange.status = CLIENT_LEFT
        except Exception as error:  # noqa: BLE001  # reported to client and log
            await exchange.fail(problem_of(error, exchange.request_id, scope["method"], scope["path"]))
        except asyncio.CancelledError:
            # A shutdown cancels unfinished requests at its end; the task ends here anyway.
            if not self._with.serving.draining:
                raise
            await exchange.fail(
                Problem(errors.NOT_READY, "shutting down: the request did not finish in time")
            )
        finally:
            self._with.metrics.in_flight -= 1
            exchange.record()

    def needs_key(self, scope: Scope) -> bool:
        """Whether a request other than POST, which may be a probe, needs a key."""
        return scope["path"] not in KEYLESS

    def _below_root(self, scope: Scope) -> ASGIApp:
        """Strip the root path from the request's path, so that everything inside sees the path without it."""
        root, path = self._with.root_path, scope["path"]
        if path == root:
            # The links of the page are relative to its folder.
            return RedirectResponse(f"{root.rpartition('/')[2]}/", 308)
        if path.startswith(f"{root}/"):
            scope["path"] = path[len(root) :]
        return self._app


class Exchange:
    """One request and its answer."""

    def __init__(self, context: Context, scope: Scope, receive: Receive, send: Send) -> None:
        self._with = context
        self._scope = scope
        self._receive = receive
        self._send = send
        self.start = context.clock()
        if context.serving.draining and scope["path"] not in PROBES:
            context.serving.asked_at = self.start
        self._received = 0
        self.status = 0
        self._decoder: coding.Decoder | None = None
        given = scope.get(HEADERS)
        if given is None:
            given = scope[HEADERS] = _by_name(scope["headers"])
        self.given: Mapping[bytes, bytes] = given
        sent = given.get(request_ids.HEADER)
        self._declared = given.get(b"content-length", b"")
        self._coding = given.get(_CODING, b"")
        if self._coding and self._coding.lower() == coding.IDENTITY:
            self._coding = b""
        self.request_id = (request_ids.sane(sent) if sent is not None else None) or context.new_id()
        scope[REQUEST_ID] = self.request_id

    async def receive(self) -> Message:
        if self._coding and self._decoder is None:
            self._decoder = coding.Decoder(self._coding, self._with.most_bytes)
        if self._declared and not self._received:
            self._refuse_declared()
        message = await self._receive()
        if LATE in self._scope and message.get("more_body"):
            late: Problem = self._scope[LATE]
            raise late
        self._received += len(message.get("body", b""))
        if self._received > self._with.most_bytes:
            raise self._too_large("more")
        if self._decoder is not None and message["type"] == "http.request":
            message["body"] = await self._decoded(self._decoder, message)
        return message

    async def _decoded(self, decoder: coding.Decoder, message: Message) -> bytes:
        parts = []
        for part in decoder.steps(message.get("body", b""), is_last=not message.get("more_body")):
            parts.append(part)
            # Let other requests run.
            await asyncio.sleep(0)
        return b"".join(parts)

    def _refuse_declared(self) -> None:
        value = self._declared
        if value.isdigit() and int(value[:20]) > self._with.most_bytes:
            raise self._too_large(f"{value[:20].decode('ascii')} bytes")

    def _too_large(self, found: str) -> Problem:
        return Problem(errors.TOO_LARGE, f"body: {found}, expected at most {self._with.most_bytes} bytes")

    # Not a coroutine function: it returns the awaitable of the inner `send`.
    def send(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), (b"x-request-id", self.request_id.encode("ascii"))]
            if self._with.serving.draining:
                # The client then opens its next connection to another server.
                headers.append((b"connection", b"close"))
            message["headers"] = headers
        return self._send(message)

    async def fail(self, problem: Problem) -> None:
        if self.status:
            # Half an answer has been sent: the server closes the connection, and the client sees it break.
            return
        status, media_type, content = errors.refusal(problem, self.request_id, self._scope["path"])
        await self.send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [
                    *((name.encode("ascii"), text.encode("ascii")) for name, text in problem.headers.items()),
                    (b"content-length", str(len(content)).encode("ascii")),
                    (b"content-type", media_type.encode("ascii")),
                ],
            }
        )
        await self.send({"type": "http.response.body", "body": content})

    def record(self) -> None:
        scope = self._scope
        seconds = self._with.clock() - self.start
        route = _template(scope)
        status = self.status or CLIENT_LEFT
        method = scope["method"]
        self._with.metrics.route(method, route).observe(status, seconds, self.request_id)
        if self._with.level > (logging.DEBUG if route in PROBES else logging.INFO):
            return
        path = scope["path"] if scope["path"] == route else errors.one_line(scope["path"])
        self._with.log.add(
            access_log.line(
                self.request_id,
                access_log.about(method, path, route, status),
                seconds,
                access_log.client(scope.get("client")),
            )
        )


def problem_of(error: Exception, request_id: str, method: str, path: str) -> Problem:
    """The problem for any exception: the client gets problem details, the log the stack trace."""
    if isinstance(error, Problem):
        return error
    log.error("request %s: %s %s failed", request_id, method, path, exc_info=error)
    return Problem(errors.INTERNAL, "unexpected error; the log has the details under this request id")


async def body(request: Request) -> bytes:
    """The body. It is nearly always one message, which needs no stream around it."""
    message = await request.receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        content: bytes = message["body"]
        return content
    parts = []
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)
        message = await request.receive()
    raise ClientDisconnect


def _by_name(headers: Sequence[Header]) -> Mapping[bytes, bytes]:
    """The headers. Of several ids and content types the first counts, of several codings the last one."""
    given = dict(headers)
    for name, value in reversed(headers):
        if name in _FIRST or (name == _CODING and given[_CODING].lower() == coding.IDENTITY):
            given[name] = value
    return given


def _template(scope: Scope) -> str:
    route: Any = scope.get("route")
    template: str = getattr(route, "path_format", UNMATCHED)
    return template
