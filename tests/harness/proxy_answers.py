"""What the proxy answers by itself: refusals, half answers, or none."""

import asyncio
from typing import Final

from aiohttp import web

_LONGEST_HANG: Final = 30.0
REFUSALS: Final = {
    "500": (500, "InternalError", "made up by the test: internal error"),
    "409": (409, "Conflict", "made up by the test: the object has been modified"),
    "429": (429, "TooManyRequests", "made up by the test: too many requests"),
}


# What a verb on a kind is refused with for a time, by the mode of the fault.
DENIALS: Final = {
    "forbidden": (403, "Forbidden", "made up by the test: a right is missing"),
    "invalid": (422, "Invalid", "made up by the test: a field is invalid"),
    "quota": (
        403,
        "Forbidden",
        "made up by the test: exceeded quota: small, requested: 1, used: 0, limited: 0",
    ),
}


def refusal(mode: str) -> web.Response:
    return _refusal(*REFUSALS[mode])


def denial(mode: str) -> web.Response:
    return _refusal(*DENIALS.get(mode, DENIALS["forbidden"]))


def _refusal(code: int, reason: str, message: str) -> web.Response:
    body = {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    }  # fmt: skip
    return web.json_response(body, status=code, headers={"Retry-After": "1"} if code == 429 else {})


def abort(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def half(request: web.Request, answer: web.Response) -> web.StreamResponse:
    whole = answer.body if isinstance(answer.body, bytes) else b""
    cut = web.StreamResponse(status=answer.status, headers=answer.headers)
    cut.content_length = len(whole)
    await cut.prepare(request)
    await cut.write(whole[: len(whole) // 2])
    if request.transport is not None:
        request.transport.close()  # not abort: what was written still arrives
    return cut


async def until_it_gives_up(request: web.Request) -> None:
    async with asyncio.timeout(_LONGEST_HANG):
        # Looked at from time to time: aiohttp tells a handler of this only by cancelling it.
        while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
