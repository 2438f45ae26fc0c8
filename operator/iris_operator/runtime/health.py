"""Serves /livez, /readyz and /metrics. On loopback by default."""

import socket
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

_ANY: Final = "::"


async def serve(
    host: str, port: int, *, dead: Callable[[], str], unready: Callable[[], str]
) -> web.AppRunner:
    """Each callable returns a reason, or an empty text. The caller cleans the runner up."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/livez", _answer(dead))
    app.router.add_get("/readyz", _answer(unready))
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, _listen(host, port)).start()
    return runner


def _listen(host: str, port: int) -> socket.socket:
    """`::` means every address of both families, and every IPv4 address where the host has no IPv6."""
    if host != _ANY:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    if socket.has_dualstack_ipv6():
        return socket.create_server((host, port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))


def _answer(why_not: Callable[[], str]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        reason = why_not()
        return web.Response(text=reason or "ok", status=503 if reason else 200)

    return answer
