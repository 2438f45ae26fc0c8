"""Raw bytes over real connections to a server, on its fast path or on the reference path."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from iris_model_server.protocols.openapi import FLOWER

from tests.model_server import processes
from tests.model_server.processes import Running

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

BODY = json.dumps(FLOWER).encode()
INFO = b"GET /api/v1/model/info HTTP/1.1\r\nhost: iris\r\n\r\n"
LIVE = b"GET /livez HTTP/1.1\r\nhost: iris\r\n\r\n"


async def connect(server: Running) -> Connection:
    host, _, port = server.url.removeprefix("http://").partition(":")
    return await asyncio.open_connection(host, int(port))


@contextlib.asynccontextmanager
async def opened(server: Running) -> AsyncIterator[Connection]:
    """A connection that is closed at the end."""
    reader, writer = await connect(server)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def post(body: bytes, *headers: str, path: str = "/api/v1/predict", method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: iris", "content-type: application/json"]
    lines += [f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def message(*lines: str, body: bytes = BODY) -> bytes:
    """A request of exactly these lines."""
    return "\r\n".join((*lines, "", "")).encode("latin-1") + body


async def head_of(server: Running, *lines: str) -> bytes:
    """The head of the answer to a request without a body, in lower case."""
    reader, writer = await connect(server)
    async with asyncio.timeout(processes.DEADLINE):
        writer.write(message(*lines, body=b""))
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
    writer.close()
    return head


async def exchange(
    server: Running, *segments: bytes, count: int, apart: bool = True
) -> list[tuple[int, Any]]:
    """The answers to what is sent in these segments, up to `count` of them or the end of the connection.

    `apart`: each segment is read before the next is sent.
    """
    reader, writer = await connect(server)
    found = []
    async with asyncio.timeout(processes.DEADLINE):
        for segment in segments:
            writer.write(segment)
            with contextlib.suppress(ConnectionError):
                # The server may have refused what came before.
                await writer.drain()
            if apart and segment is not segments[-1]:
                # Answered on another connection, so the server's loop has read this segment by itself.
                await exchange(server, LIVE, count=1)
        for _ in range(count):
            answer = await answer_of(reader)
            if answer is None:
                break
            found.append(answer)
    writer.close()
    return found


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, Any] | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return None
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    content = await reader.readexactly(length)
    return int(head.split()[1]), json.loads(content) if content[:1] == b"{" else content
