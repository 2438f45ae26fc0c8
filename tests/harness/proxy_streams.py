"""One watch through the proxy, event by event: dropped, doubled, delayed, cut or answered with an error."""

import asyncio
import json
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp import web
from yarl import URL

from tests.harness import proxy_targets
from tests.harness.proxy_targets import Call

if TYPE_CHECKING:
    from tests.harness.proxy import Proxy

_LOOK_SECONDS: Final = 0.5
_GAP_SECONDS: Final = 1.0
# A delayed event comes after the next one about the same object, or after this time.
_LONGEST_DELAY: Final = 1.5


async def watch(
    proxy: "Proxy", request: web.Request, session: aiohttp.ClientSession, url: URL
) -> web.StreamResponse:
    """Until either side ends it."""
    headers = {"Authorization": request.headers.get("Authorization", ""), "Accept-Encoding": "identity"}
    async with session.get(url, headers=headers) as upstream:
        down = web.StreamResponse(status=upstream.status, headers={"Content-Type": "application/json"})
        await down.prepare(request)
        stream = _Stream(proxy, request, down)
        try:
            await stream.run(upstream.content)
        except ConnectionError:  # the operator has gone
            return down
    return down


async def gone(request: web.Request) -> web.StreamResponse:
    """What the API server answers to a watch from a version that was compacted away."""
    down = web.StreamResponse(headers={"Content-Type": "application/json"})
    await down.prepare(request)
    await down.write(_error(410))
    return down


async def change_crd(session: aiohttp.ClientSession, upstream: str, headers: Mapping[str, str]) -> None:
    """Another schema, as a new release brings: the API server ends every watch on IrisModels."""
    text = f"Changed by a test: {random.random()}"  # noqa: S311
    change = [{"op": "add", "path": "/spec/versions/0/schema/openAPIV3Schema/description", "value": text}]
    async with session.patch(
        f"{upstream}/apis/apiextensions.k8s.io/v1/customresourcedefinitions/irismodels.serving.two.inc",
        data=json.dumps(change),
        headers={
            "Authorization": headers.get("Authorization", ""),
            "Content-Type": "application/json-patch+json",
        },
    ) as answer:
        answer.raise_for_status()


def _error(code: int) -> bytes:
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
    return (
        json.dumps({"type": "ERROR", "object": {**status, "message": "made up by the test"}}).encode() + b"\n"
    )


class _Stream:
    def __init__(self, proxy: "Proxy", request: web.Request, down: web.StreamResponse) -> None:
        self._proxy = proxy
        self._request = request
        self._down = down
        parts = request.path.rstrip("/").split("/")
        self._plural = parts[-1] if "namespaces" in parts[:-1] else ""
        self._held: tuple[str, bytes] | None = None  # uid, line
        self._held_until = 0.0

    async def run(self, content: aiohttp.StreamReader) -> None:
        reading = asyncio.ensure_future(content.readline())
        try:
            while not self._gone():
                await asyncio.wait({reading}, timeout=_LOOK_SECONDS)
                if self._held and asyncio.get_running_loop().time() > self._held_until:
                    await self._let_go()
                if not reading.done():
                    continue
                line = reading.result()
                if not line or not await self._pass(line):
                    return
                reading = asyncio.ensure_future(content.readline())
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def _gone(self) -> bool:
        transport = self._request.transport
        return transport is None or transport.is_closing() or self._proxy.down

    async def _pass(self, line: bytes) -> bool:
        """False ends the stream."""
        event = json.loads(line)
        kind, body = event["type"], event["object"]
        # Asked from time to time: what hangs is told by a function, not by an event.
        while self._proxy.hung(Call("GET", self._plural, "", "", b"")) and not self._gone():  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)
        past = self._proxy.past
        if past is not None and int(body.get("metadata", {}).get("resourceVersion", 0)) > past.version:
            await past.over.wait()
        if not self._plural or kind not in ("ADDED", "MODIFIED", "DELETED"):
            await self._down.write(line)
            return True
        signature = proxy_targets.event_signature(self._plural, kind, body)
        self._proxy.record.last_at = asyncio.get_running_loop().time()
        mode = self._proxy.due(self._proxy.record.saw("event", signature))
        uid = body["metadata"]["uid"]
        if mode:
            return await self._break(mode, line, uid)
        await self._down.write(line)
        if self._held and self._held[0] == uid:
            await self._let_go()
        return True

    async def _break(self, mode: str, line: bytes, uid: str) -> bool:
        if mode in ("error-410", "error-500"):
            await self._down.write(_error(int(mode.removeprefix("error-"))))
            return False
        if mode in ("cut", "gap", "unwatchable"):
            if mode == "gap":
                self._proxy.lose(self._plural, _GAP_SECONDS)
            if mode == "unwatchable":
                self._proxy.deny("unwatchable", self._plural, "LIST", "WATCH")
            if self._request.transport is not None:
                self._request.transport.abort()
            return False
        if mode == "duplicated":
            await self._down.write(line + line)
        if mode == "delayed":
            self._held, self._held_until = (uid, line), asyncio.get_running_loop().time() + _LONGEST_DELAY
        return True  # "dropped": nothing is written

    async def _let_go(self) -> None:
        if self._held is not None:
            line, self._held = self._held[1], None
            await self._down.write(line)
