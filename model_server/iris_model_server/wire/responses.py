"""JSON responses: a small one is sent whole, a large one in blocks as the connection takes them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
from fastapi import Response
from starlette.types import Receive, Scope, Send

JSON: Final = "application/json"
JSON_HEADER: Final = (b"content-type", JSON.encode("ascii"))
# Our ASGI extension: a start message that contains the body, if the server offers it.
WHOLE: Final = "iris.whole"
BLOCK_BYTES: Final = 262_144


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
            await send({**start, WHOLE: self.body})
            return
        await send(start)
        await send({"type": "http.response.body", "body": self.body})


class PartsResponse(Response):
    """A response in parts: joining megabytes would delay all other requests."""

    media_type = JSON

    def __init__(self, parts: Sequence[bytes]) -> None:
        super().__init__(headers={"content-length": str(sum(map(len, parts)))})
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for block in _blocks(self._parts):
            await send({"type": "http.response.body", "body": block, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def of_parts(parts: Sequence[bytes]) -> Response:
    """The response for these parts of JSON text."""
    if sum(map(len, parts)) <= BLOCK_BYTES:
        return JsonResponse(b"".join(parts))
    return PartsResponse(parts)


def of(content: msgspec.Struct) -> Response:
    """The response for this struct."""
    return JsonResponse(msgspec.json.encode(content))


def of_json(content: bytes) -> Response:
    """The response for this JSON text."""
    return JsonResponse(content)


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
