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

from tests.harness import proxy_answers, proxy_streams
from tests.harness.proxy_targets import Call, Denied, Fault, Seen

_LARGEST: Final = 32 * 1024 * 1024
_HOP: Final = frozenset({"connection", "content-encoding", "content-length", "host", "transfer-encoding"})
OUTAGES: Final = {"outage": 3.0, "blackout": 300.0}
_NEVER_SENT: Final = frozenset({"kill-before", "hang", "late", *OUTAGES})
# Of an API server that has stored nothing.
FIRST_VERSION: Final = 1
_KILLED_AFTER: Final = frozenset({"kill-after", "stale", "stale-2"})
_DENIED_SECONDS: Final = 3.0
# Counted from when a restarted operator has listed and begins to watch.
_STALE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Written:
    """One write that the API server has answered."""

    asked_at: float  # both of the event loop
    at: float
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

    @property
    def latest_version(self) -> int:
        """The resourceVersion that our last write has got."""
        versions = (write.answer.get("metadata", {}).get("resourceVersion") for write in self.written[::-1])
        return next((int(version) for version in versions if version), FIRST_VERSION)

    def saw(self, what: str, signature: str) -> Seen:
        self.counts[what, signature] += 1
        seen = Seen(what, signature, self.counts[what, signature])
        self.trace.append(seen)
        return seen


class Past:
    """The API server as it was at a version, until `end`."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.over = asyncio.Event()
        self.ends_soon = False


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
        self.hung: Callable[[Call], bool] = lambda _: False  # what is accepted and never answered
        self.past: Past | None = None  # what LISTs and watches show while it is there
        self._gap: tuple[str, float] | None = None  # a kind whose watches were lost, until when
        self._denied = Denied()

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
        self._gap, self._denied = None, Denied()
        self._to_the_present()
        return self.record

    def disarm(self) -> None:
        """A fault that has not found its target yet must not find one in what comes after."""
        self.fault = None

    def due(self, seen: Seen) -> str:
        """The mode of the fault if this is its target, else nothing."""
        fault = self.fault
        if fault is None or self.record.fired or fault.target != seen:
            return ""
        self.record.fired = True
        return fault.mode

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self.down:
            return proxy_answers.abort(request)
        if request.query.get("watch") in ("true", "1"):
            return await self._watch(request)
        call = Call.parse(request.method, request.path, await request.read())
        if self.hung(call):
            await proxy_answers.until_it_gives_up(request)
            return proxy_answers.abort(request)
        if call.writes:
            return await self._write(request, call)
        if self._denied.covers(call.verb, call.plural, _now()):
            return proxy_answers.denial(self._denied.mode)
        return await self._forward(request, call)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        call = Call.parse("GET", request.path, b"")
        plural = call.plural
        if self.hung(call):
            await proxy_answers.until_it_gives_up(request)
            return proxy_answers.abort(request)
        if self._denied.covers("WATCH", plural, _now()):
            return proxy_answers.denial(self._denied.mode)
        if self._gap is not None and self._gap[0] == plural:
            if _now() < self._gap[1]:
                return proxy_answers.abort(request)
            self._gap = None
            return await proxy_streams.gone(request)
        if self.past is not None and plural == "irismodels" and not self.past.ends_soon:
            self.past.ends_soon = True
            asyncio.get_running_loop().call_later(_STALE_SECONDS, self._to_the_present)
        return await proxy_streams.watch(self, request, self._session, self._url(request))

    def deny(self, mode: str, plural: str, *verbs: str) -> None:
        """For a time they are refused."""
        self._denied = Denied(mode, frozenset(verbs), plural, _now() + _DENIED_SECONDS)

    def lose(self, plural: str, seconds: float) -> None:
        """For a time nobody can watch this kind; then its versions until now are compacted away."""
        self._gap = (plural, _now() + seconds)

    async def _write(self, request: web.Request, call: Call) -> web.StreamResponse:
        mode = self.due(self.record.saw("write", call.signature))
        if mode in proxy_answers.DENIALS:
            self.deny(mode, call.plural, call.verb)
        if mode == "unreadable":
            self.deny(mode, call.plural, "GET", "LIST")
        if self._denied.covers(call.verb, call.plural, _now()):
            return proxy_answers.denial(self._denied.mode)
        if mode == "crd":
            await proxy_streams.change_crd(self._session, self._upstream, request.headers)
        if mode in proxy_answers.REFUSALS:
            return proxy_answers.refusal(mode)
        if mode in _NEVER_SENT:
            return await self._withhold(request, call, mode)
        before = self.record.latest_version
        answer = await self._forward(request, call)
        if mode in _KILLED_AFTER:
            self._kill()
            if mode != "kill-after":
                # Children are written at the same time: this may be the first write, with none before it.
                is_second = mode == "stale-2" and before > FIRST_VERSION
                self.past = Past((before if is_second else self.record.latest_version) - 1)
            return proxy_answers.abort(request)
        return await proxy_answers.half(request, answer) if mode == "truncated" else answer

    async def _withhold(self, request: web.Request, call: Call, mode: str) -> web.StreamResponse:
        if mode == "kill-before":
            self._kill()
        elif mode in OUTAGES:
            self.down = True
            asyncio.get_running_loop().call_later(OUTAGES[mode], self._up)
        else:
            await proxy_answers.until_it_gives_up(request)
        if mode == "late":
            await self._forward(request, call)
        return proxy_answers.abort(request)

    def _up(self) -> None:
        self.down = False

    def _to_the_present(self) -> None:
        if self.past is not None:
            self.past.over.set()
            self.past = None

    async def _forward(self, request: web.Request, call: Call) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        headers["Accept-Encoding"] = "identity"
        record, asked_at = self.record, _now()
        try:
            async with self._session.request(
                request.method, self._url(request), headers=headers, data=call.body or None
            ) as answer:
                raw = await answer.read()
        except aiohttp.ClientError:  # the API server itself is away
            return proxy_answers.abort(request)
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
        if call.writes:
            record.written.append(Written(asked_at, _now(), call, answer.status, json.loads(raw)))
        return web.Response(status=answer.status, headers=kept, body=raw)

    def _url(self, request: web.Request) -> URL:
        url = URL(self._upstream + request.raw_path, encoded=True)
        call = Call.parse(request.method, request.path, b"")
        lists = not call.writes and call.plural and not call.name and "watch" not in request.query
        if self.past is None or not lists:
            return url
        return url.update_query(resourceVersion=str(self.past.version), resourceVersionMatch="Exact")

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._client is None:
            raise RuntimeError("a Proxy is used as an async context manager")
        return self._client


def _now() -> float:
    return asyncio.get_running_loop().time()
