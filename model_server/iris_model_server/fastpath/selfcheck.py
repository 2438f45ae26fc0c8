"""Checks before the first client that the fast path answers the same bytes as the reference path.

Both answer the golden predictions in memory, in apps of their own, so that metrics and log of the real one
stay empty. After any difference, and with an untested version of uvicorn, the reference path serves.
"""

import asyncio
import io
import logging
from importlib import metadata
from typing import Any, Final

import msgspec
import uvicorn
from uvicorn.server import ServerState

from iris_model_server import app
from iris_model_server.app import Server
from iris_model_server.fastpath import bypass, routes
from iris_model_server.fastpath.protocol import UNUSUAL, FastProtocol
from iris_model_server.fastpath.routes import FastRoutes
from iris_model_server.model.artifact import Artifact
from iris_model_server.schemas import FEATURES
from iris_model_server.settings import Settings
from iris_model_server.wire import cors, limits, protocol
from iris_model_server.wire.protocol import LimitedProtocol

log = logging.getLogger(__name__)

# The fast path stands in for methods of uvicorn's protocol: each version is read and tried before it counts.
KNOWN_UVICORN: Final = ("0.54.0",)
_MOST_TURNS: Final = 40
_MOST_SECONDS: Final = 10.0


def choose(settings: Settings, server: Server) -> type[LimitedProtocol]:
    """The protocol class to serve with; logs a warning without the fast path, which is most of the speed."""
    if settings.fast_path == "Off":
        return protocol.limited(settings)
    loaded = server.serving.loaded_or_none()
    reason = refusal_of(settings, loaded.artifact if loaded else None, metadata.version("uvicorn"))
    if reason is None:
        return quick(settings, server)
    log.warning("fast path disabled, serving from the reference path: %s", reason)
    return protocol.limited(settings)


def quick(settings: Settings, server: Server) -> type[LimitedProtocol]:
    """The protocol class that answers common predictions in the parser's callback."""

    class Quick(FastProtocol):
        limits = limits.of(settings)
        fast = FastRoutes(server.context, routes.routes(server.inference, server.v2, server.serving))
        # Where other origins are allowed, the reference path writes their headers.
        unusual = UNUSUAL | {cors.ORIGIN} if settings.cors_origins else UNUSUAL

    return Quick


class Wire(asyncio.Transport):
    """The client's end of a connection, in memory."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 40000), "sockname": ("192.0.2.2", 8000)})
        self.written = bytearray()
        self.closed = False
        self.reading = True

    def write(self, data: Any) -> None:
        if not self.closed:
            self.written += data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def write_eof(self) -> None:
        # No difference to a client.
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


def configuration(server: Server) -> uvicorn.Config:
    """A uvicorn configuration for any number of connections to one app."""
    return uvicorn.Config(
        bypass.around(server),
        interface="asgi3",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
    )


class Line:
    """One connection to an app, in memory."""

    def __init__(self, config: uvicorn.Config, kind: type[LimitedProtocol]) -> None:
        self.state = ServerState()
        self.wire = Wire()
        loop = asyncio.get_running_loop()
        self.protocol = kind(config=config, server_state=self.state, app_state={}, _loop=loop)
        self.protocol.connection_made(self.wire)

    async def say(self, data: bytes) -> None:
        """Feed it, and let it answer; what it does not finish within the turns waits for more."""
        self.protocol.data_received(data)
        await self.settle()

    async def ask(self, request: bytes) -> None:
        """Feed it a whole request, and wait for its answer: a model may be called in a thread."""
        self.protocol.data_received(request)
        end = self.protocol.loop.time() + _MOST_SECONDS
        while self.protocol.is_answering() and self.protocol.loop.time() < end:  # noqa: ASYNC110  # nothing reports it
            await asyncio.sleep(0)

    async def settle(self) -> None:
        for _ in range(_MOST_TURNS):
            if not self.state.tasks:
                return
            await asyncio.sleep(0)

    def hang_up(self) -> None:
        self.wire.closed = True
        self.protocol.connection_lost(None)


def refusal_of(settings: Settings, artifact: Artifact | None, version: str) -> str | None:
    """Why the fast path must stay off, or None."""
    if version not in KNOWN_UVICORN:
        return f"uvicorn {version}, expected {' or '.join(KNOWN_UVICORN)}"
    if artifact is None:
        return "no model is loaded to compare both paths"
    return asyncio.run(_difference(settings, artifact))


async def _difference(settings: Settings, artifact: Artifact) -> str | None:
    # No key is known, only digests; what depends on keys is left to the reference path where it refuses.
    settings = settings.model_copy(update={"access_file": None})
    ours = app.create_app(settings, artifact, io.BytesIO())
    theirs = app.create_app(settings, artifact, io.BytesIO())
    first = Line(configuration(ours), quick(settings, ours))
    second = Line(configuration(theirs), protocol.limited(settings))
    for number, golden in enumerate(artifact.card.golden):
        request = _request(golden.input, f"golden-{number}")
        await first.ask(request)
        await second.ask(request)
    found, expected = bytes(first.wire.written), bytes(second.wire.written)
    first.hang_up()
    second.hang_up()
    if found != expected or found.count(b"HTTP/1.1 200 OK\r\n") != len(artifact.card.golden):
        return "its golden predictions differ from the reference path's"
    return None


def _request(row: list[float], request_id: str) -> bytes:
    body = msgspec.json.encode(dict(zip(FEATURES, row, strict=True)))
    head = (
        f"{routes.METHOD} {routes.PATH} HTTP/1.1\r\nhost: iris\r\ncontent-type: application/json\r\n"
        f"x-request-id: {request_id}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body
