"""The operator as a real process against a real API server."""

import itertools
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

OPERATOR = Path(".venv/bin/iris-operator")
_START_SECONDS = 240.0
_ports = itertools.chain(range(20_000 + os.getpid() % 10_000, 32_000), range(20_000, 32_000))


@dataclass(frozen=True, slots=True)
class OperatorProcess:
    """A running operator, its probes' address and its log."""

    process: subprocess.Popen[bytes]
    url: str
    log_file: Path

    def log(self) -> str:
        return self.log_file.read_text("utf-8")

    def counted(self, metric: str) -> float:
        """Sum over all labels of a counter as /metrics has it now."""
        lines = httpx.get(f"{self.url}/metrics", trust_env=False).text.splitlines()
        return sum(
            float(line.rpartition(" ")[2]) for line in lines if line.startswith((metric + "{", metric + " "))
        )

    def writes(self) -> float:
        """Calls to the API server that change something."""
        lines = httpx.get(f"{self.url}/metrics", trust_env=False).text.splitlines()
        return sum(
            float(line.rpartition(" ")[2])
            for line in lines
            if line.startswith("rest_client_requests_total{") and 'method="GET"' not in line
        )


def start(kubeconfig: Path, folder: Path, *, namespaces: str = "", **environment: str) -> OperatorProcess:
    """Started and not waited for; its end is the caller's task."""
    port = free_port()
    log_file = folder / f"operator-{port}.log"
    settings = {
        "KUBECONFIG": str(kubeconfig),
        "IRIS_OPERATOR_HEALTH_ADDRESS": f"127.0.0.1:{port}",
        "IRIS_OPERATOR_NAMESPACES": namespaces,
        **environment,
    }
    with log_file.open("wb") as log:
        process = subprocess.Popen([OPERATOR], env={**os.environ, **settings}, stderr=log)
    return OperatorProcess(process, f"http://127.0.0.1:{port}", log_file)


@contextmanager
def running(
    kubeconfig: Path, folder: Path, *, namespaces: str = "", **environment: str
) -> Iterator[OperatorProcess]:
    """Ready for the block; stopped with SIGTERM after it, which must end it with 0 (unless it was killed)."""
    operator = start(kubeconfig, folder, namespaces=namespaces, **environment)
    try:
        _wait_until_ready(operator)
        yield operator
        operator.process.terminate()
        assert operator.process.wait(60) in (0, -signal.SIGKILL), operator.log()
    finally:
        operator.process.kill()
        operator.process.wait()


def _wait_until_ready(operator: OperatorProcess) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and operator.process.poll() is None:
        try:
            if httpx.get(f"{operator.url}/readyz", trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"the operator did not get ready:\n{operator.log()}")


def free_port() -> int:
    """Below those that the kernel gives to clients: one of them could take it before a server does."""
    for port in _ports:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
