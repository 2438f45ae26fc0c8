"""What pods answer, each at an address of its own: their version, predictions, and counts of these.

In this process and not real model servers, because the oracle has to know which pod was asked, and when.
"""

import asyncio
import itertools
import os
from collections import Counter
from types import TracebackType
from typing import Final

from aiohttp import web

from tests.harness import kubelet
from tests.harness.kubernetes import Manifest

_PORT = 8000
FAILING: Final = "3.0.0"  # proves its version, and fails every prediction
# Loopback addresses of this process: two runs on one machine stay apart.
_addresses = (
    f"127.{128 + os.getpid() % 100}.{high}.{low}"
    for high, low in itertools.product(range(1, 255), range(1, 255))
)


def address() -> str:
    """A loopback address that nobody else in this run has."""
    return next(_addresses)


class Answers:
    """The pods of one namespace; use as an async context manager."""

    def __init__(self) -> None:
        self._versions: dict[str, tuple[str, str]] = {}  # address to model and version
        self._by_pod: dict[str, str] = {}  # pod uid to address
        self._fresh: list[str] = []
        self.proven: dict[tuple[str, str, str], float] = {}  # model, version, address: first answered at
        self._counts: Counter[tuple[str, int]] = Counter()  # of predictions, by address and HTTP status
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "Answers":
        app = web.Application()
        app.router.add_get("/api/v1/model/info", self._info)
        app.router.add_post("/api/v1/predict", self._predict)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def provide(self, number: int) -> None:
        """Have addresses ready, so that giving one to a pod waits for nothing."""
        while self._runner is not None and len(self._fresh) < number:
            fresh = address()
            await web.TCPSite(self._runner, fresh, _PORT).start()
            self._fresh.append(fresh)

    async def forget(self) -> None:
        """The pods of this plan are gone; their addresses serve the next plan's."""
        self._fresh.extend(self._by_pod.values())
        self._by_pod.clear()
        self._versions.clear()
        self._counts.clear()
        self.proven.clear()

    def release(self, uid: str) -> None:
        """This pod is gone: its address may serve another."""
        address = self._by_pod.pop(uid, None)
        if address is not None:
            del self._versions[address]
            self._fresh.append(address)

    def serving(self, pod: Manifest) -> Manifest:
        """A behaviour for the played kubelet: ready, and answers with the version of its image's tag."""
        uid = pod["metadata"]["uid"]
        if uid not in self._by_pod:
            address = self._by_pod[uid] = self._fresh.pop()
            version = pod["spec"]["containers"][0]["image"].rpartition(":")[2]
            self._versions[address] = (pod["metadata"]["labels"]["app.kubernetes.io/instance"], version)
        return kubelet.serving(self._by_pod[uid])(pod)

    async def _info(self, request: web.Request) -> web.Response:
        address = _asked(request)
        model, version = self._versions.get(address, ("", ""))
        self.proven.setdefault((model, version, address), asyncio.get_running_loop().time())
        return web.json_response({"name": model, "version": version, "digest": f"sha256:{version}"})

    async def _predict(self, request: web.Request) -> web.Response:
        address = _asked(request)
        _, version = self._versions.get(address, ("", ""))
        status = 500 if version == FAILING else 200
        self._counts[address, status] += 1
        return web.json_response({}, status=status)

    async def _metrics(self, request: web.Request) -> web.Response:
        lines = [
            f'http_requests_total{{route="/api/v1/predict",http_status="{status}"}} {count}\n'
            for (address, status), count in self._counts.items()
            if address == _asked(request)
        ]
        return web.Response(text="".join(lines))


def _asked(request: web.Request) -> str:
    """The address of the pod."""
    return str(request.transport.get_extra_info("sockname")[0]) if request.transport else ""
