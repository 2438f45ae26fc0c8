"""JSON responses: a small one is sent whole, a large one in blocks as the connection takes them."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

from iris_model_server.access.credentials import Header
from iris_model_server.wire import coding

JSON: Final = "application/json"
JSON_HEADER: Final = (b"content-type", JSON.encode("ascii"))
# Our ASGI extension: a start message that contains the body, if the server offers it.
WHOLE: Final = "iris.whole"
BLOCK_BYTES: Final = 262_144
# Up to here gzip would cost more time than it saves on any network that a cluster has.
MOST_PLAIN_BYTES: Final = 65_536


class JsonResponse(Response):
    """A response with complete JSON text, built in one step instead of by its base class."""

    def __init__(self, content: bytes) -> None:
        self.body = content
        self.status_code = 200
        self.background = None
        self.raw_headers = [(b"content-length", b"%d" % len(content)), JSON_HEADER]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        if WHOLE in scope.get("extensions", ()):
            start[WHOLE] = self.body
            await send(start)
            return
        await send(start)
        await send({"type": "http.response.body", "body": self.body})


class PartsResponse(Response):
    """A response in parts: joining megabytes would delay all other requests."""

    def __init__(self, parts: Sequence[bytes], headers: Iterable[Header]) -> None:
        super().__init__()
        self.raw_headers = [(b"content-length", b"%d" % sum(map(len, parts))), *headers]
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for block in _blocks(self._parts):
            await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def of_parts(
    parts: Sequence[bytes], request: Request, headers: tuple[Header, ...] = (JSON_HEADER,)
) -> Response:
    """The response for these parts; a large one in gzip where the client accepts that."""
    size = sum(map(len, parts))
    if size > MOST_PLAIN_BYTES and coding.accepts_gzip(request.headers.get("accept-encoding", "")):
        # In a thread: tens of milliseconds for megabytes, in which zlib lets all others run.
        parts = await asyncio.to_thread(coding.compressed, list(_blocks(parts)))
        headers = (*headers, coding.HEADER, (b"vary", b"accept-encoding"))
    elif size <= BLOCK_BYTES and headers == (JSON_HEADER,):
        return JsonResponse(b"".join(parts))
    return PartsResponse(parts, headers)


def of(content: msgspec.Struct) -> Response:
    """The response for this struct."""
    return JsonResponse(msgspec.json.encode(content))


def _blocks(parts: Iterable[bytes]) -> Iterator[bytes]:
    block: list[bytes] = []
    size = 0
    for part in parts:
        block.append(part)
        size += len(part)
        if size >= BLOCK_BYTES:
            yield b"".join(block)
            block, size = [], 0
    yield b"".join(block)
