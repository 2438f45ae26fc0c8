"""`make bench-console`: measures `iris console` and `iris get` with many models on a real API server.

The models are plain objects with a full status; no operator runs. One JSON line for each figure on standard
output, progress on standard error; exit code 1 when one misses its bound.
"""

import argparse
import asyncio
import itertools
import json
import os
import resource
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from iris_local_cluster import api_server
from playwright.async_api import Page, async_playwright

from tests.harness import kubernetes
from tests.harness.kubernetes import Cluster, Manifest

CRDS: Final = tuple((Path(__file__).parents[1] / "crds").glob("*.serving.two.inc.yaml"))
IRIS: Final = Path(sys.executable).with_name("iris")
CHROMIUM: Final = "/usr/bin/chromium"
NAMESPACE: Final = "models"
_AT_ONCE: Final = 16
_VISITS: Final = 5
_CHANGES: Final = 20
_MINUTES: Final = 300_000.0
# The upper bound of each figure, where it has one.
BOUNDS: Final = {
    "first_paint_s": 1.0,
    "all_rows_s": None,
    "change_shown_s": 1.0,
    "lists": 1,
    "watches": 1,
    "memory_mb": 150.0,
    "memory_with_kubectl_mb": None,
    "iris_get_s": 1.0,
    "iris_get_cpu_s": None,
}


@dataclass(frozen=True, slots=True)
class Console:
    """A running console; its kubectl writes each of its command lines to `calls`."""

    process: subprocess.Popen[str]
    address: str
    calls: Path

    def memory(self) -> tuple[float, float]:
        """The most megabytes of the console itself, and with its present children."""
        pid = self.process.pid
        # A child belongs to the thread that started it.
        started = [thread / "children" for thread in Path(f"/proc/{pid}/task").iterdir()]
        children = {child for each in started for child in each.read_text().split()}
        own = _peak(str(pid))
        return own, own + sum(_peak(child) for child in children)

    def count(self, text: str, without: str = "\n\n") -> int:
        lines = self.calls.read_text().splitlines()
        return sum(text in line and without not in line for line in lines)


def _peak(pid: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def model(number: int) -> Manifest:
    """A model that serves, with a history as long as the operator keeps it."""
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    history = [
        {
            "version": f"1.{9 - age}.0",
            "from": (begin - timedelta(days=age)).isoformat().replace("+00:00", "Z"),
            "outcome": "Served",
            "digest": f"sha256:{age:064}",
            "revision": f"main@sha1:{number:040x}",
        }
        for age in range(10)
    ]
    moment = history[0]["from"]
    condition = {"status": "True", "lastTransitionTime": moment, "observedGeneration": 1}
    ready = {"type": "Ready", "reason": "Serving", "message": "2 of 2 pods prove version 1.9.0", **condition}
    route = {"type": "RouteReady", "reason": "Admitted", "message": "http://iris.test", **condition}
    return {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "metadata": {"name": f"model-{number:04}"},
        "spec": {"version": "1.9.0"},
        "status": {
            "observedGeneration": 1, "servingVersion": "1.9.0", "replicas": 2, "readyReplicas": 2,
            "source": {"revision": history[0]["revision"], "since": moment},
            "conditions": [ready, route], "history": history,
        },
    }  # fmt: skip


async def create(cluster: Cluster, size: int) -> None:
    await cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> None:
        body = model(number)
        async with slots:
            await cluster.create({key: body[key] for key in body if key != "status"}, namespace=NAMESPACE)
            name = body["metadata"]["name"]
            await cluster.patch(
                "IrisModel", name, {"status": body["status"]}, namespace=NAMESPACE, subresource="status"
            )

    await asyncio.gather(*(one(number) for number in range(size)))


@contextmanager
def console(kubeconfig: Path, folder: Path) -> Iterator[Console]:
    calls, program = folder / "calls", folder / "bin" / "kubectl"
    program.parent.mkdir()
    real = shutil.which("kubectl") or str(IRIS.with_name("kubectl"))
    log = f'printf "%s\\n" "$*" >> {shlex.quote(str(calls))}'
    program.write_text(f'#!/bin/sh\n{log}\nexec {shlex.quote(real)} "$@"\n')
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    command = [str(IRIS), "console", "--no-open", "--kubeconfig", str(kubeconfig)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        [address] = itertools.islice(process.stdout or (), 1)
        yield Console(process, address.strip(), calls)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


@asynccontextmanager
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        opened = await browser.new_page()
        opened.set_default_timeout(_MINUTES)
        yield opened
        await browser.close()


async def visit(opened: Page, size: int) -> tuple[float, float]:
    """Seconds from the start of a navigation to the first paint, and until all rows are there."""
    await opened.reload()
    await opened.wait_for_function("size => document.querySelectorAll('#rows tr').length === size", arg=size)
    rows = await opened.evaluate("performance.now()")
    painted = await opened.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? performance.now()"
    )
    return painted / 1000, rows / 1000


async def change(opened: Page, cluster: Cluster, number: int) -> float:
    """Seconds from the API server's answer to a change of the status until the page shows it."""
    name, version = f"model-{number:04}", f"1.8.{number}"
    patch = {"status": {"servingVersion": version}}
    await cluster.patch("IrisModel", name, patch, namespace=NAMESPACE, subresource="status")
    began = time.monotonic()
    await opened.wait_for_function(
        "([key, text]) => document.querySelector(`tr[data-key='${key}']`)?.textContent.includes(text)",
        arg=[f"{NAMESPACE}/{name}", version],
    )
    return time.monotonic() - began


def get_seconds(kubeconfig: Path) -> dict[str, float]:
    """Time and processor time of `iris get -A` with its kubectl, medians."""
    command = [str(IRIS), "get", "-A", "--kubeconfig", str(kubeconfig)]
    durations, processor = [], []
    for _ in range(_VISITS):
        began, used = time.monotonic(), _children_seconds()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        durations.append(time.monotonic() - began)
        processor.append(_children_seconds() - used)
    return {"iris_get_s": statistics.median(durations), "iris_get_cpu_s": statistics.median(processor)}


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def measure(size: int, folder: Path) -> dict[str, float]:
    with api_server.running(crds=CRDS) as server:
        async with kubernetes.client_of(server.kubeconfig) as client, page() as opened:
            cluster = Cluster(client, NAMESPACE)
            await create(cluster, size)
            _say(f"{size} models are there")
            with console(server.kubeconfig, folder) as running:
                await opened.goto(running.address)
                visits = [await visit(opened, size) for _ in range(_VISITS)]
                changes = [await change(opened, cluster, number) for number in range(min(_CHANGES, size))]
                own, with_kubectl = running.memory()
                kind = "irismodels"
                found: dict[str, Any] = {
                    "first_paint_s": statistics.median(painted for painted, _ in visits),
                    "all_rows_s": statistics.median(rows for _, rows in visits),
                    "change_shown_s": max(changes),
                    "lists": running.count(kind, without="watch=1"),
                    "watches": running.count("watch=1"),
                    "memory_mb": own,
                    "memory_with_kubectl_mb": with_kubectl,
                }
            return found | await asyncio.to_thread(get_seconds, server.kubeconfig)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="iris-bench-") as folder:
        found = asyncio.run(measure(options.models, Path(folder)))
    missed = False
    for name, value in found.items():
        bound = BOUNDS[name]
        met = bound is None or value <= bound
        missed = missed or not met
        line = {
            "figure": name,
            "models": options.models,
            "value": round(value, 3),
            "bound": bound,
            "met": met,
        }
        sys.stdout.write(json.dumps(line) + "\n")
    return int(missed)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
