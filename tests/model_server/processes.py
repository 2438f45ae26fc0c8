"""The command as a real process, its port read from its own log, ended by its pid."""

import contextlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

DEADLINE = 60.0


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers."""

    process: subprocess.Popen[str]
    url: str
    log: Path
    access_log: Path

    def resident(self) -> int:
        """The bytes of memory that it occupies now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize()

    def ended(self) -> int:
        """Its exit code, once it has one."""
        return self.process.wait(timeout=DEADLINE)


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """Of this process, without any setting that it may have of its own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("IRIS_")}
    return inherited | {"IRIS_ARTIFACT_DIR": str(folder), "IRIS_TERMINATION_LOG": "/nonexistent"} | variables


def refused(folder: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The end of a server that must not start."""
    return subprocess.run(
        [sys.executable, "-m", "iris_model_server", "--port", "0", *options],
        env=environment(folder, **variables),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


@contextlib.contextmanager
def running(
    folder: Path,
    scratch: Path,
    *,
    port: str = "0",
    host: str = "127.0.0.1",
    options: Sequence[str] = (),
    **variables: str,
) -> Iterator[Running]:
    """A server, by default on a free port, ready to answer; killed at the end if it still runs."""
    log, access_log = scratch / "server.log", scratch / "access.log"
    with log.open("w") as errors, access_log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "iris_model_server", "--host", host, "--port", port, *options],
            env=environment(folder, **variables),
            stdout=output,
            stderr=errors,
            text=True,
        )
        try:
            url = until(lambda: _address(process, log))
            until(lambda: _ready(process, url))
            yield Running(process, url, log, access_log)
        finally:
            process.kill()
            process.wait()


T = TypeVar("T")


def until(found: Callable[[], T | None], *, seconds: float = DEADLINE) -> T:
    """What is found within the deadline."""
    deadline = time.monotonic() + seconds
    while (value := found()) is None:
        assert time.monotonic() < deadline, "not within the deadline"
        time.sleep(0.01)
    return value


def _address(process: subprocess.Popen[str], log: Path) -> str | None:
    assert process.poll() is None, log.read_text()
    for line in log.read_text().splitlines():
        message: str = _parsed(line).get("message", "")
        if message.startswith("serving "):
            return message.rpartition(" on ")[2]
    return None


def _parsed(line: str) -> dict[str, Any]:
    try:
        parsed: dict[str, Any] = json.loads(line)
    except json.JSONDecodeError:
        # Half a line: the server is still writing it.
        return {}
    return parsed


def _ready(process: subprocess.Popen[str], url: str) -> bool | None:
    assert process.poll() is None
    try:
        return httpx.get(f"{url}/readyz").status_code == 200 or None
    except httpx.TransportError:
        return None
