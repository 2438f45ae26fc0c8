"""Scripts of pages on other origins: what the Fetch standard asks of a server that they may call.

Not Starlette's middleware. That answers preflights itself, without an id, a metric or a log line, and leaves
failures without the headers that let a script read them.
"""

from collections.abc import Iterable
from functools import partial
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from iris_model_server.wire.middleware import Context, RequestMiddleware

ORIGIN: Final = b"origin"
ANY: Final = "*"
Headers = list[tuple[bytes, bytes]]

_EXPOSED: Final = (
    b"access-control-expose-headers",
    b"inference-header-content-length, retry-after, x-request-id",
)
_GRANT: Final[Headers] = [
    (b"access-control-allow-methods", b"GET, HEAD, POST"),
    (
        b"access-control-allow-headers",
        b"authorization, content-type, inference-header-content-length, x-request-id",
    ),
    # Some minutes: browsers keep the grant after the origin has been taken from the setting.
    (b"access-control-max-age", b"600"),
]


def middleware(context: Context) -> type[RequestMiddleware]:
    """What surrounds every request: the plain one where no other origin is allowed, for it costs less."""
    return CrossOriginMiddleware if context.origins else RequestMiddleware


class CrossOriginMiddleware(RequestMiddleware):
    """Adds to every answer what lets scripts of the allowed origins read it, and answers preflights."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        super().__init__(self._answer, context)
        self._inner = app
        self._is_open = ANY in context.origins
        self._allowed = frozenset(origin.encode("ascii") for origin in context.origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            origin = _value(scope["headers"], ORIGIN)
            if origin is not None:
                send = partial(_send_with, self._headers(origin), send)
        await super().__call__(scope, receive, send)

    def needs_key(self, scope: Scope) -> bool:
        # A browser sends a preflight without credentials.
        return not self._is_granted(scope) and super().needs_key(scope)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._is_granted(scope):
            await send({"type": "http.response.start", "status": 204, "headers": _GRANT})
            await send({"type": "http.response.body"})
        else:
            await self._inner(scope, receive, send)

    def _is_granted(self, scope: Scope) -> bool:
        if scope["method"] != "OPTIONS":
            return False
        headers = scope["headers"]
        origin = _value(headers, ORIGIN)
        is_allowed = origin is not None and (self._is_open or origin in self._allowed)
        return is_allowed and _value(headers, b"access-control-request-method") is not None

    def _headers(self, origin: bytes) -> Headers:
        if self._is_open:
            return [(b"access-control-allow-origin", b"*"), _EXPOSED]
        # A cache must not give one origin's answer to another.
        vary = (b"vary", b"origin")
        return (
            [(b"access-control-allow-origin", origin), _EXPOSED, vary] if origin in self._allowed else [vary]
        )


def _value(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    return next((value for key, value in headers if key == name), None)


async def _send_with(headers: Headers, send: Send, message: Message) -> None:
    if message["type"] == "http.response.start":
        message["headers"] = [*message["headers"], *headers]
    await send(message)
