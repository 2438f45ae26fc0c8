"""A real MLflow server with models of others, for tests.

Both sides have environments of their own in .local/peers, installed on first use: the server and the models
of others have all of MLflow, ours has only the client that `make mlflow` adds.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from iris_training import data

from tests.model_server import processes

ROOT = Path(__file__).parents[2]
PEER = ROOT / ".local/peers/mlflow/bin"
OURS = ROOT / ".local/peers/mlflow-client"
AUTHOR = Path(__file__).with_name("mlflow_author.py")
SECONDS = 300


def run(
    *command: str | Path, folder: Path = ROOT, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    return subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env={**os.environ, **quiet, **(variables or {})},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def done(*command: str | Path) -> str:
    ended = run(*command)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@dataclass(frozen=True, slots=True)
class Registry:
    """A server with models, and scikit-learn's answers of the one that can be imported."""

    url: str
    rows: list[list[float]]
    probabilities: list[list[float]]

    def author(self, step: str, *words: str) -> Any:
        printed = done(PEER / "python", AUTHOR, self.url, step, *words).splitlines()
        return json.loads(printed[-1]) if printed and printed[-1].startswith("{") else None

    def imported(self, model: str, folder: Path, *options: str, **variables: str) -> Any:
        """Our command, ended."""
        (folder / "rows.csv").write_text(data.sample())
        words = ("import", model, "--data", "rows.csv", "--version", "2.0.0", *options)
        variables = {"MLFLOW_TRACKING_URI": self.url, **variables}
        return run(OURS / "bin/iris-training", *words, folder=folder, variables=variables)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        number: int = listener.getsockname()[1]
        return number


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    port = free_port()
    command = [PEER / "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    stores = [
        "--backend-store-uri",
        f"sqlite:///{folder}/db",
        "--artifacts-destination",
        str(folder / "files"),
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*map(str, command), *stores],
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=os.environ
            | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        )
    try:
        url = f"http://127.0.0.1:{port}"
        # It makes its database first: half a minute of CPU time on a small machine.
        processes.until(lambda: _answers(process, url, folder / "log"), seconds=SECONDS)
        yield url
    finally:
        # The server starts workers of its own.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(process: subprocess.Popen[bytes], url: str, log: Path) -> bool | None:
    assert process.poll() is None, log.read_text()
    try:
        return httpx.get(f"{url}/health", trust_env=False).status_code == 200 or None
    except httpx.TransportError:
        return None


@contextlib.contextmanager
def with_models(folder: Path) -> Iterator[Registry]:
    """A server whose models a program of others has logged."""
    done("scripts/peers.sh", "mlflow")
    done("scripts/mlflow.sh", OURS)
    with serving(folder) as url:
        empty = Registry(url, [], [])
        yield Registry(url, **empty.author("models"))
