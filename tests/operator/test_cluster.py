"""What the real cluster port puts on the wire, against an HTTP server that keeps what it was sent."""

from typing import Any

from aiohttp import web
from iris_api import kinds
from iris_operator.cluster import ApiServer
from kubernetes.aio import client

from tests.harness import web_server


async def test_an_apply_is_sent_as_utf_8_and_not_escaped() -> None:
    """The API server reads an apply as YAML, without surrogate pairs: each with one was refused."""
    received: dict[str, Any] = {}

    async def keep(request: web.Request) -> web.Response:
        received.update(type=request.headers["Content-Type"], body=await request.read())
        return web.json_response({})

    app = web.Application()
    app.router.add_patch("/{path:.*}", keep)
    configuration = client.Configuration()
    async with web_server.serving(app) as configuration.host, ApiServer(configuration) as cluster:
        manifest = {"metadata": {"name": "iris", "namespace": "iris"}, "data": {"flower": "🌸 é"}}
        await cluster.apply(kinds.CONFIG_MAP, manifest)

    assert "🌸 é".encode() in received["body"]
    assert received["type"] == "application/apply-patch+yaml; charset=utf-8"
