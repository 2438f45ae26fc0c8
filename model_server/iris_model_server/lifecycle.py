"""From a bound socket to a clean exit: signals, drain, bounded end.

uvicorn by itself closes its listeners the moment SIGTERM comes, before routing has noticed. Here
readiness turns 503 first, answers ask their clients to reconnect elsewhere, and only then it closes.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import Iterator
from types import FrameType
from typing import Final

import uvicorn

from iris_model_server import rehearsal
from iris_model_server.app import Server
from iris_model_server.settings import Settings

log = logging.getLogger(__name__)

# The shell's code for a program that Ctrl-C ended.
INTERRUPTED: Final = 130


class AddressUnusable(Exception):  # noqa: N818 - an outcome: exit 2
    """The address cannot be listened on. The message is one line."""


def bind(host: str, port: int) -> socket.socket:
    """A socket for the address, before any long work, so that a taken port says so at once."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except (OSError, OverflowError) as error:
        found = error.strerror if isinstance(error, OSError) else "not a port"
        raise AddressUnusable(
            f"address {host}:{port}: {found}, expected a free one (--host, --port)"
        ) from error
    return bound


def run(server: Server, settings: Settings, bound: socket.socket) -> None:
    """Serve until a signal, then drain and return."""
    config = uvicorn.Config(
        server.app,
        interface="asgi3",
        loop="uvloop",
        http=rehearsal.choose(settings, server),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    # What is loaded by now stays: without this each full collection walks it all, 35 ms in one answer.
    gc.collect()
    gc.freeze()
    try:
        DrainingServer(config, server, settings.drain_seconds).run(sockets=[bound])
    except OSError as error:
        host, port = bound.getsockname()[:2]
        raise AddressUnusable(f"address {host}:{port}: {error.strerror}, expected a free one") from error
    finally:
        server.log.flush()


class DrainingServer(uvicorn.Server):
    """uvicorn with a drain before its shutdown, and exit 0 after a shutdown that was asked for."""

    def __init__(self, config: uvicorn.Config, server: Server, drain_seconds: float) -> None:
        super().__init__(config)
        self._server = server
        self._drain_seconds = drain_seconds
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    # As uvicorn does it, but without raising the signal again: asked to stop and stopped is exit 0.
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        signals = (signal.SIGTERM, signal.SIGINT)
        former = {number: signal.signal(number, self.handle_exit) for number in signals}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  # uvicorn's signature
        if self._server.serving.draining:
            if sig == signal.SIGINT:
                self._server.log.flush()
                os._exit(INTERRUPTED)
            return
        self._server.serving.draining = True
        # A person at a terminal has no load balancer to wait for.
        wait = self._drain_seconds if sig == signal.SIGTERM else 0.0
        log.info("%s: draining for %g s, then finishing what is in flight", signal.Signals(sig).name, wait)
        if self._loop is None:
            self.should_exit = True
        else:
            self._loop.call_soon_threadsafe(self._loop.call_later, wait, self._close)

    def _close(self) -> None:
        self.should_exit = True
