"""A load client: sends predictions at a constant rate, whatever the answers, until its standard input ends.

It runs as a process of its own inside the node's network (`watch` starts it there) and prints its counts
every second as one JSON line. Open loop: a slow answer does not delay the next request.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from iris_local_cluster.errors import LocalClusterError

FLOWER = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
_TIMEOUT_SECONDS = 10.0
_KEPT_FAILURES = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """One request, with moments of time.monotonic(); no `failure` where it is the expected prediction."""

    began: float
    ended: float
    version: str | None
    failure: str | None


@dataclass(slots=True)
class Report:
    """The client's counts so far."""

    requests: int = 0
    failed: int = 0
    versions: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0

    def add(self, answer: Answer) -> None:
        self.requests += 1
        self.slowest_seconds = max(self.slowest_seconds, answer.ended - answer.began)
        if answer.version is not None:
            self.versions[answer.version] = self.versions.get(answer.version, 0) + 1
        if answer.failure is not None:
            self.failed += 1
            if len(self.failures) < _KEPT_FAILURES:
                self.failures.append(answer.failure)


def judge(status: int, body: bytes) -> tuple[str | None, str | None]:
    """What is wrong with an answer (nothing: None), and the model version that it names."""
    if status != httpx.codes.OK:
        return f"status {status}: {body[:200].decode(errors='replace')}", None
    try:
        answer: dict[str, Any] = json.loads(body)
        label, version = answer["prediction_label"], answer["model_version"]
    except (ValueError, KeyError, TypeError):
        return f"not a prediction: {body[:200].decode(errors='replace')}", None
    return (None if label == "setosa" else f"setosa is called {label}"), version


async def ask(client: httpx.AsyncClient, url: str) -> Answer:
    began = time.monotonic()
    failure: str | None
    version: str | None = None
    try:
        answer = await client.post(url, json=FLOWER)
    except httpx.HTTPError as error:
        failure = _chain(error)
    else:
        failure, version = judge(answer.status_code, answer.content)
    return Answer(began, time.monotonic(), version, failure)


def _chain(error: BaseException | None) -> str:
    """The error and its causes: httpx's own error of a lost connection has no text."""
    words: list[str] = []
    while error is not None:
        words.append(f"{type(error).__name__}: {error}".removesuffix(": "))
        error = error.__cause__ or error.__context__
    return " < ".join(words)


async def send(
    url: str, *, host: str, rate: float, ended: threading.Event, receive: Callable[[Answer], None]
) -> None:
    """Send until `ended` is set, then wait for the outstanding answers."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
    async with (
        httpx.AsyncClient(
            headers={"Host": host}, timeout=_TIMEOUT_SECONDS, limits=limits, trust_env=False
        ) as client,
        asyncio.TaskGroup() as requests,
    ):

        async def one() -> None:
            receive(await ask(client, url))

        started, sent = time.monotonic(), 0
        while not ended.is_set():
            requests.create_task(one())
            sent += 1
            await asyncio.sleep(max(0.0, started + sent / rate - time.monotonic()))


async def run(
    url: str, *, host: str, rate: float, ended: threading.Event, publish: Callable[[Report], None]
) -> None:
    """As `send`; the counts are reported every second and at the end."""
    report = Report()

    async def report_each_second() -> None:
        while True:
            await asyncio.sleep(1)
            publish(report)

    reporting = asyncio.create_task(report_each_second())
    await send(url, host=host, rate=rate, ended=ended, receive=report.add)
    reporting.cancel()
    publish(report)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--rate", type=float, required=True)
    options = parser.parse_args()
    ended = threading.Event()

    def listen() -> None:
        # The end of standard input: the starting process has finished or died.
        sys.stdin.read()
        ended.set()

    def publish(report: Report) -> None:
        sys.stdout.write(json.dumps(asdict(report)) + "\n")
        sys.stdout.flush()

    threading.Thread(target=listen, daemon=True).start()
    asyncio.run(run(options.url, host=options.host, rate=options.rate, ended=ended, publish=publish))
    return 0


@dataclass(slots=True)
class Watch:
    """A running load client; `report` is its latest report, and complete after `watch`."""

    report: Report = field(default_factory=Report)
    ended: bool = False

    def wait_for(self, count: int, *, seconds: float = 60) -> None:
        """Wait until that many requests were answered."""
        deadline = time.monotonic() + seconds
        while self.report.requests < count:
            if self.ended or time.monotonic() > deadline:
                raise LocalClusterError(
                    f"load client: stopped after {self.report.requests} requests, expected {count}"
                )
            time.sleep(0.1)


@contextmanager
def watch(
    entered: Callable[[Sequence[str]], list[str]], *, address: str, host: str, rate: float = 20
) -> Iterator[Watch]:
    """Send predictions while the block runs."""
    url = f"http://{address}/api/v1/predict"
    module = [sys.executable, "-m", "iris_local_cluster.up.load_client"]
    command = entered([*module, f"--url={url}", f"--host={host}", f"--rate={rate}"])
    seen = Watch()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise TypeError("pipes were asked for")
        reader = threading.Thread(target=_follow, args=(process.stdout, seen), daemon=True)
        reader.start()
        try:
            yield seen
        finally:
            process.stdin.close()
            reader.join(timeout=_TIMEOUT_SECONDS + 5)
            process.terminate()


def _follow(lines: Iterator[str], seen: Watch) -> None:
    for line in lines:
        seen.report = Report(**json.loads(line))
    seen.ended = True


if __name__ == "__main__":
    sys.exit(main())
