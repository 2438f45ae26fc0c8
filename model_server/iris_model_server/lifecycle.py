"""Runs the process from a bound socket to a clean exit: signals, drain, bounded shutdown.

uvicorn alone closes its listeners as soon as SIGTERM comes, before routers have noticed. Here readiness
becomes 503 first, answers ask clients to reconnect elsewhere, and only then the listeners close.
"""

import asyncio
import contextlib
import errno
import gc
import importlib.util
import logging
import os
import signal
import socket
import time
from collections.abc import Iterator
from functools import partial
from types import FrameType
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from iris_model_server.app import Server, create_management_app
from iris_model_server.settings import Settings
from iris_model_server.wire import protocol
from iris_model_server.wire.protocol import LimitedProtocol

log = logging.getLogger(__name__)

# The shell's exit code after Ctrl-C.
INTERRUPTED: Final = 130
ANY: Final = "::"
_NO_IPV6: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})


class AddressUnusable(Exception):  # noqa: N818 - an outcome: exit 2
    """The server cannot listen on the address. The message is one line."""


def bind(host: str, port: int) -> socket.socket:
    """A socket for the address, before any long work, so that a taken port is reported at once.

    `::` means every address of both families, and every IPv4 address where the host has no IPv6.
    """
    try:
        try:
            return _listen(host, port)
        except OSError as error:
            if host == ANY and error.errno in _NO_IPV6:
                return _listen("0.0.0.0", port)  # noqa: S104  # the same in the other family
            raise
    except (OSError, OverflowError) as error:
        found = error.strerror if isinstance(error, OSError) else "not a port"
        raise AddressUnusable(
            f"address {host}:{port}: {found}, expected a free one (--host, --port)"
        ) from error


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if host == ANY:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound


def run(
    server: Server, settings: Settings, bound: socket.socket, management: socket.socket | None = None
) -> None:
    """Serve until a signal, then drain and return."""
    config = _configuration(settings, *_paths(server, settings))
    draining = DrainingServer(config, server, settings)
    if management is not None:
        managed = create_management_app(settings, server)
        draining.manage(_configuration(settings, managed, protocol.limited(settings)), management)
    # These objects stay for ever; without this each full collection visits all, 35 ms in one answer.
    gc.collect()
    gc.freeze()
    try:
        draining.run(sockets=[bound])
    except OSError as error:
        host, port = bound.getsockname()[:2]
        raise AddressUnusable(f"address {host}:{port}: {error.strerror}, expected a free one") from error
    finally:
        server.log.flush()


def _configuration(settings: Settings, app: ASGIApp, http: type[LimitedProtocol]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        interface="asgi3",
        loop="uvloop",
        http=http,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )


def _paths(server: Server, settings: Settings) -> tuple[ASGIApp, type[LimitedProtocol]]:
    """The app and its protocol class. Only this function uses the folder `fastpath`, which may be deleted."""
    if importlib.util.find_spec("iris_model_server.fastpath") is None:
        return server.app, protocol.limited(settings)
    bypass = importlib.import_module("iris_model_server.fastpath.bypass")
    selfcheck = importlib.import_module("iris_model_server.fastpath.selfcheck")
    return bypass.around(server), selfcheck.choose(settings, server)


class DrainingServer(uvicorn.Server):
    """uvicorn with a drain before its shutdown, and exit code 0 after a requested shutdown."""

    def __init__(self, config: uvicorn.Config, server: Server, settings: Settings) -> None:
        super().__init__(config)
        self._server = server
        self._settings = settings
        self._loop: asyncio.AbstractEventLoop | None = None
        self._management: tuple[uvicorn.Config, socket.socket] | None = None

    def manage(self, config: uvicorn.Config, bound: socket.socket) -> None:
        """Serve this, too: in the same loop, and until the same end."""
        self._management = (config, bound)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        if self._management is None:
            await super().startup(sockets)
            return
        # Before the port of clients: a kubelet that finds this one closed starts the container again.
        config, bound = self._management
        config.load()
        kind: Any = config.http_protocol_class
        made = partial(kind, config=config, server_state=self.server_state, app_state={})
        listener = await self._loop.create_server(made, sock=bound, backlog=config.backlog)
        await super().startup(sockets)
        self.servers.append(listener)

    # As uvicorn's, but it does not raise the signal again: a requested stop ends with exit code 0.
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
        self._server.serving.drain()
        # No load balancer to wait for after Ctrl-C.
        quiet = self._settings.drain_seconds if sig == signal.SIGTERM else 0.0
        log.info(
            "%s: draining: stopping after %g s without requests, then finishing requests in flight",
            signal.Signals(sig).name,
            quiet,
        )
        if self._loop is None:
            self.should_exit = True
        else:
            last = time.perf_counter() + self._settings.drain_limit_seconds
            self._loop.call_soon_threadsafe(self._close_when_quiet, quiet, last)

    def _close_when_quiet(self, quiet: float, last: float) -> None:
        """Close after a quiet time. A proxy may send until it notices; it is served, until `last` at most."""
        now = time.perf_counter()
        rest = min(self._server.serving.asked_at + quiet, last) - now
        if rest <= 0:
            self.should_exit = True
        else:
            asyncio.get_running_loop().call_later(rest, self._close_when_quiet, quiet, last)
