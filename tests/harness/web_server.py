"""A web application of a test, on a real socket of loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


@asynccontextmanager
async def serving(app: web.Application, address: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """The URL of the application, which answers until the block ends; by default at a free port."""
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, address, port).start()
        yield f"http://{address}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
