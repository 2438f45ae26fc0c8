"""A checkout of the tests' own with one trained model, and `make build-run` in it.

The working copy's own artifacts change while other tests train, and with them what the newest model is.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.docker.engine import Engine

VERSION = "1.0.0"
_READY_SECONDS = 300
_COPIED = ("model_server", "operator", "local_cluster")
_FILES = ("requirements.lock", ".dockerignore", "Dockerfile.server", "Dockerfile.operator")


@dataclass(frozen=True, slots=True)
class Checkout:
    root: Path
    engine: Engine

    @classmethod
    def of(cls, project: Path, root: Path, engine: Engine) -> "Checkout":
        for name in _COPIED:
            shutil.copytree(project / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in _FILES:
            shutil.copy2(project / name, root / name)
        training = [sys.executable, "-m", "iris_training", "--version", VERSION]
        subprocess.run(training, cwd=root, check=True, capture_output=True)
        return cls(root, engine)

    @property
    def environment(self) -> Mapping[str, str]:
        # The classic builder keeps an image for each instruction, so reuse can be seen.
        settings = {"PYTHONPATH": str(self.root / "local_cluster"), "DOCKER_BUILDKIT": "0"}
        return {**self.engine.environment, **settings}

    @contextmanager
    def running(self, port: int) -> Iterator["Running"]:
        """What `make build-run` calls, in a process group of its own as a terminal gives it."""
        command = [sys.executable, "-m", "iris_local_cluster", "run-image", "--port", str(port)]
        log = self.root / "build-run.log"
        with (
            log.open("w") as output,
            subprocess.Popen(
                command, env=self.environment, stdout=output, stderr=output, process_group=0
            ) as process,
        ):
            running = Running(process, f"http://127.0.0.1:{port}", log)
            try:
                running.wait()
                yield running
            finally:
                if process.poll() is None:
                    running.interrupt()


@dataclass(frozen=True, slots=True)
class Running:
    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def wait(self) -> None:
        """Until the server inside is ready."""
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError(f"build-run: not ready: {self.log.read_text()}")

    def interrupt(self) -> int:
        """Ctrl-C, as a terminal sends it: to every process of the group. The exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=60)
