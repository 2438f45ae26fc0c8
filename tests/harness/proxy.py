"""Stands between one operator and the real API server: records what passes, and breaks what it is told to.

Plain HTTP towards the operator, TLS towards the API server. One fault at a time, aimed at the n-th write or
watch event of a kind; everything else passes unchanged. It decides nothing about right and wrong.
"""

import asyncio
import json
import ssl
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import aiohttp
import yaml
from aiohttp import web
from yarl import URL

from tests.harness import proxy_streams
from tests.harness.proxy_targets import Call, Fault, Seen

_LARGEST: Final = 32 * 1024 * 1024
_HOP: Final = frozenset({"connection", "content-encoding", "content-length", "host", "transfer-encoding"})
_LONGEST_HANG: Final = 30.0
_OUTAGE_SECONDS: Final = 3.0
_REFUSALS: Final = {
    "500": (500, "InternalError", "made up by the test: internal error"),
    "409": (409, "Conflict", "made up by the test: the object has been modified"),
    "429": (429, "TooManyRequests", "made up by the test: too many requests"),
}


@dataclass(frozen=True, slots=True)
class Written:
    """One write that the API server has answered."""

    at: float  # of the event loop
    call: Call
    code: int
    answer: Mapping[str, Any]


@dataclass(slots=True)
class Record:
    """Everything that passed since `Proxy.begin`."""

    trace: list[Seen] = field(default_factory=list)
    written: list[Written] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    fired: bool = False
    last_at: float = 0.0  # when the last event passed

    def saw(self, what: str, signature: str) -> Seen:
        self.counts[what, signature] += 1
        seen = Seen(what, signature, self.counts[what, signature])
        self.trace.append(seen)
        return seen


class Proxy:
    """Use as an async context manager. `kill` is called by faults that end the operator."""

    def __init__(self, kubeconfig: Path, kill: Callable[[], None]) -> None:
        content = yaml.safe_load(kubeconfig.read_text("utf-8"))
        self._content = content
        self._upstream = content["clusters"][0]["cluster"]["server"]
        self._authority = content["clusters"][0]["cluster"]["certificate-authority"]
        self._kill = kill
        self._client: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self.port = 0
        self.fault: Fault | None = None
        self.record = Record()
        self.down = False  # answers nobody while it is True

    async def __aenter__(self) -> "Proxy":
        context = ssl.create_default_context(cafile=self._authority)
        connector = aiohttp.TCPConnector(ssl=context, limit=0)
        self._client = aiohttp.ClientSession(
            connector=connector, timeout=aiohttp.ClientTimeout(total=None), read_bufsize=_LARGEST
        )
        app = web.Application(client_max_size=_LARGEST)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._client is not None:
            await self._client.close()

    def write_kubeconfig(self, path: Path) -> Path:
        """The same user, by way of this proxy."""
        cluster = {"name": "loopback", "cluster": {"server": f"http://127.0.0.1:{self.port}"}}
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump({**self._content, "clusters": [cluster]}), "utf-8")
        return path

    def begin(self, fault: Fault | None) -> Record:
        """Forget what passed, and aim this fault."""
        self.fault, self.record = fault, Record()
        return self.record

    def due(self, seen: Seen) -> str:
        """The mode of the fault if this is its target, else nothing."""
        fault = self.fault
        if fault is None or self.record.fired or fault.target != seen:
            return ""
        self.record.fired = True
        return fault.mode

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self.down:
            return _abort(request)
        if request.query.get("watch") in ("true", "1"):
            return await proxy_streams.watch(self, request, self._session, self._url(request))
        call = Call.parse(request.method, request.path, await request.read())
        if not call.writes:
            return await self._forward(request, call)
        return await self._write(request, call)

    async def _write(self, request: web.Request, call: Call) -> web.StreamResponse:
        mode = self.due(self.record.saw("write", call.signature))
        if mode in _REFUSALS:
            return _refusal(*_REFUSALS[mode])
        if mode == "kill-before":
            self._kill()
            return _abort(request)
        if mode == "outage":
            self.down = True
            asyncio.get_running_loop().call_later(_OUTAGE_SECONDS, self._up)
            return _abort(request)
        if mode in ("hang", "late"):
            await _until_it_gives_up(request)
            if mode == "late":
                await self._forward(request, call)
            return _abort(request)
        answer = await self._forward(request, call)
        if mode == "kill-after":
            self._kill()
            return _abort(request)
        if mode == "truncated":
            return await _half(request, answer)
        return answer

    def _up(self) -> None:
        self.down = False

    async def _forward(self, request: web.Request, call: Call) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        headers["Accept-Encoding"] = "identity"
        record = self.record
        try:
            async with self._session.request(
                request.method, self._url(request), headers=headers, data=call.body or None
            ) as answer:
                raw = await answer.read()
        except aiohttp.ClientError:  # the API server itself is away
            return _abort(request)
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
        if call.writes:
            now = asyncio.get_running_loop().time()
            record.written.append(Written(now, call, answer.status, json.loads(raw)))
        return web.Response(status=answer.status, headers=kept, body=raw)

    def _url(self, request: web.Request) -> URL:
        return URL(self._upstream + request.raw_path, encoded=True)

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            raise RuntimeError("a Proxy is used as an async context manager")
        return self._client


def _refusal(code: int, reason: str, message: str) -> web.Response:
    body = {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    }  # fmt: skip
    return web.json_response(body, status=code, headers={"Retry-After": "1"} if code == 429 else {})


def _abort(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _half(request: web.Request, answer: web.Response) -> web.StreamResponse:
    whole = answer.body if isinstance(answer.body, bytes) else b""
    cut = web.StreamResponse(status=answer.status, headers=answer.headers)
    cut.content_length = len(whole)
    await cut.prepare(request)
    await cut.write(whole[: len(whole) // 2])
    if request.transport is not None:
        request.transport.close()  # not abort: what was written still arrives
    return cut


async def _until_it_gives_up(request: web.Request) -> None:
    async with asyncio.timeout(_LONGEST_HANG):
        # Looked at from time to time: aiohttp tells a handler of this only by cancelling it.
        while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
