"""Processes under load: start one on core 0, query it, load it from core 1, measure how idle the machine was.

Load goes to loopback only, and only to what was started here. Its processes are known by a mark in their
environment, for some peers start workers in sessions of their own.
"""

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from benchmarks.server_contenders import LIMIT, Contender, Question

DEADLINE: Final = 120.0
TOLERANCE: Final = 1e-9
MARK: Final = "IRIS_BENCHMARK_CONTENDER"
# What wrk prints only after a bad answer or none.
BAD: Final = re.compile("Non-2xx|Socket errors")
TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Running:
    """A contender that answers."""

    contender: Contender
    pid: int
    mark: bytes
    url: str
    # From its start to its first answer.
    seconds: float

    def memory(self) -> float:
        """Resident megabytes of all its processes."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in members(self.mark))
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass(frozen=True, slots=True)
class Segment:
    """A short stretch of load."""

    rate: float
    # Of the processor time of this machine, what went to others: neither contender nor load generator.
    foreign: float


@contextlib.contextmanager
def running(contender: Contender) -> Iterator[Running]:
    """A contender, once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    mark = f"{contender.name}-{uuid4().hex}"
    start = time.monotonic()
    process = subprocess.Popen(
        ["taskset", "-c", "0", *(word.format(port=port) for word in contender.command)],
        env={**os.environ, **contender.environment, MARK: mark},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                ask(base, contender.question)
                break
            except OSError as error:
                if process.poll() is not None or time.monotonic() - start > DEADLINE:
                    raise RuntimeError(
                        f"{contender.name}: {error}, expected an answer within {DEADLINE:g} s"
                    ) from error
            time.sleep(0.02)
        yield Running(contender, process.pid, mark.encode(), base, time.monotonic() - start)
    finally:
        end(process, mark.encode())


@contextlib.contextmanager
def awake(target: Running) -> Iterator[Running]:
    """Everybody else sleeps meanwhile: some peers keep their processor busy also when nobody asks them."""
    _send(target.mark, signal.SIGCONT)
    try:
        yield target
    finally:
        _send(target.mark, signal.SIGSTOP)


def _send(mark: bytes, number: signal.Signals) -> list[int]:
    found = members(mark)
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    return found


def end(process: "subprocess.Popen[bytes]", mark: bytes) -> None:
    """Kill it and all that it started, also what a supervisor starts again meanwhile."""
    while _send(mark, signal.SIGKILL):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.1)
    process.wait()


def ask(base: str, question: Question) -> Any:
    request = urllib.request.Request(  # noqa: S310  # loopback
        base + question.path, question.content, dict(question.headers)
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310  # loopback
        content = response.read()
        length = response.headers.get("inference-header-content-length")
    if length is None:
        return json.loads(content)
    answer = json.loads(content[: int(length)])
    # A binary request names one output, so the answer has one.
    answer["outputs"][0]["data"] = array("d", content[int(length) :])
    return answer


def verify(name: str, answer: Any, expected: Sequence[float]) -> None:
    """The limit answers constant bytes; all others must be right before they are timed."""
    found = _probabilities(answer)
    if name != LIMIT and max(abs(a - b) for a, b in zip(found, expected, strict=True)) > TOLERANCE:
        raise RuntimeError(f"{name}: {found}, expected {expected}")


def _probabilities(answer: Any) -> Sequence[float]:
    if "outputs" in answer:
        named = {output["name"]: output["data"] for output in answer["outputs"]}
        probabilities: Sequence[float] = named.get("probabilities") or named["predict_proba"]
        return probabilities
    first: Sequence[float] = answer["predictions"][0] if "predictions" in answer else answer["probabilities"]
    return first


def segment(target: Running, question: Question, connections: int, seconds: int) -> Segment:
    """Closed-loop load from one thread on core 1."""
    before, own = busy(), used(target.mark) + children()
    with wrk(target, question, connections, seconds) as load:
        output, _ = load.communicate()
    own = used(target.mark) + children() - own
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if found is None or BAD.search(output):
        raise RuntimeError(f"{target.contender.name}: {output}, expected only good answers")
    capacity = seconds * (os.cpu_count() or 1)
    return Segment(float(found[1]), max(0.0, busy() - before - own) / capacity)


@contextlib.contextmanager
def wrk(
    target: Running, question: Question, connections: int, seconds: int
) -> Iterator["subprocess.Popen[str]"]:
    """The load generator at work."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write("wrk.method='POST'\n")
        for name, value in question.headers.items():
            script.write(f"wrk.headers['{name}']='{value}'\n")
        script.write(f"wrk.body='{lua(question.content)}'\n")
        script.flush()
        command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}", "-s", script.name]
        with subprocess.Popen(
            [*command, target.url + question.path], stdout=subprocess.PIPE, text=True
        ) as load:
            yield load


def lua(content: bytes) -> str:
    """Any bytes as the content of a string in Lua."""
    return re.sub(rb"[^ -~]|['\\\\]", lambda found: b"\\%03d" % found[0][0], content).decode("ascii")


def busy() -> float:
    """Seconds of processor time that this machine has spent, what others stole of it included."""
    user, nice, system, _, _, irq, soft, steal, *_ = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + soft + steal) / TICKS


def children() -> float:
    """The same of this process and those that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def used(mark: bytes) -> float:
    """The same of the processes of a contender that runs."""
    total = 0
    for pid in members(mark):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


def members(mark: bytes) -> list[int]:
    """Its processes; one that ended and was not waited for has no environment any more."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if b"%b=%b\0" % (MARK.encode(), mark) in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return found


def as_bytes(question: Question) -> bytes:
    """The question as a request on the wire."""
    lines = [f"POST {question.path} HTTP/1.1", "host: iris"]
    lines += [f"{name}: {value}" for name, value in question.headers.items()]
    lines += [f"content-length: {len(question.content)}", "", ""]
    return "\r\n".join(lines).encode() + question.content


def paced(target: Running, question: Question, rate: int, seconds: int) -> list[float]:
    """As `open_loop`, on one connection and without a loop of our own that could be late itself."""
    request = as_bytes(question)
    host, port = target.url.removeprefix("http://").split(":")
    latencies = []
    with socket.create_connection((host, int(port))) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start = time.perf_counter() + 0.05
        for number in range(rate * seconds):
            due = start + number / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            line.sendall(request)
            # A small answer: it comes in one chunk.
            if not line.recv(65_536).startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{target.contender.name}: no good answer, expected one")
            latencies.append(time.perf_counter() - due)
    return latencies


async def open_loop(target: Running, question: Question, rate: int, seconds: int) -> list[float]:
    """Latencies from when each request was due, whenever it went: so a stall counts for all behind it."""
    request = as_bytes(question)
    host, port = target.url.removeprefix("http://").split(":")
    idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(32):
        idle.put_nowait(await asyncio.open_connection(host, int(port)))
    latencies: list[float] = []

    async def one(due: float) -> None:
        reader, writer = await idle.get()
        writer.write(request)
        answered = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", answered, re.IGNORECASE)
        await reader.readexactly(int(length[1]) if length else 0)
        latencies.append(time.perf_counter() - due)
        idle.put_nowait((reader, writer))

    start = time.perf_counter() + 0.05
    async with asyncio.TaskGroup() as tasks:
        for number in range(rate * seconds):
            due = start + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.create_task(one(due))
    while not idle.empty():
        idle.get_nowait()[1].close()
    return latencies
