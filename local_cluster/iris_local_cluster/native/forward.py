"""Carries bytes from loopback ports of the host to addresses inside the node.

The listening sockets were opened on the host and handed down; the connections out are made where this
process lives, in the node's network. So the host's firewall, routes and interfaces stay untouched.
"""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Sequence

_CHUNK = 64 * 1024


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def serve(listener: socket.socket, host: str, port: int) -> asyncio.Server:
    """Accept on the listener, and join each connection to one of its own to the target."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            try:
                outward_reader, outward_writer = await asyncio.open_connection(host, port)
            except OSError:
                writer.close()
                return
            try:
                await asyncio.gather(_pump(reader, outward_writer), _pump(outward_reader, writer))
            finally:
                outward_writer.close()
                writer.close()

    return await asyncio.start_server(carry, sock=listener, limit=_CHUNK)


def parse(text: str) -> tuple[int, str, int]:
    """`7=172.30.0.1:80`: the listening socket's descriptor and the address to carry to."""
    descriptor, _, target = text.partition("=")
    host, _, port = target.rpartition(":")
    return int(descriptor), host, int(port)


async def run(routes: Sequence[tuple[int, str, int]]) -> None:
    servers = [await serve(socket.socket(fileno=descriptor), host, port) for descriptor, host, port in routes]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(run([parse(text) for text in sys.argv[1:]]))
