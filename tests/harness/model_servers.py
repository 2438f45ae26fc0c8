"""Real model servers on loopback addresses, standing in for what would run in pods."""

import os
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from sklearn.datasets import load_iris

_TRAINING = Path(".venv/bin/iris-training")
_SERVER = Path(".venv/bin/iris-model-server")
_START_SECONDS = 120.0
_PORT = 8000
_HEADER = "sepal_length,sepal_width,petal_length,petal_width,species"


@contextmanager
def running(
    folder: Path,
    addresses: dict[str, str],
    model: str,
    *,
    data: Path | None = None,
    within: float = _START_SECONDS,
) -> Iterator[None]:
    """One server per version of `addresses` (version to loopback address), each with a model of its own,
    trained on `data` instead of the sample."""
    trained = train(folder, addresses, data=data)
    with serving({address: trained[version] for version, address in addresses.items()}, model, within=within):
        yield


def train(folder: Path, versions: Iterable[str], *, data: Path | None = None) -> dict[str, Path]:
    """All at once. Version to its artifact."""
    started = {version: _training(folder / version, data) for version in versions}
    for version, process in started.items():
        assert process.wait() == 0, f"the training of {version} failed"
    return {version: folder / version for version in started}


@contextmanager
def serving(
    artifacts: Mapping[str, Path],
    model: str,
    *,
    clients: Path | None = None,
    within: float = _START_SECONDS,
) -> Iterator[None]:
    """A server at each address, all started at once; with `clients` for those of that list alone."""
    with ExitStack() as stack:
        started = [
            (stack.enter_context(_server(artifact, address, model, clients)), address)
            for address, artifact in artifacts.items()
        ]
        for process, address in started:
            _wait_until_ready(process, address, within)
        yield


def mislabelled(file: Path) -> Path:
    """Writes the sample with two of its classes exchanged: a model that loads, answers and is wrong."""
    names = ("setosa", "virginica", "versicolor")
    sample = load_iris()
    rows = [
        ",".join(map(str, (*row, names[target])))
        for row, target in zip(sample.data.tolist(), sample.target, strict=True)
    ]
    file.write_text("\n".join((_HEADER, *rows, "")), encoding="utf-8")
    return file


def _training(folder: Path, data: Path | None) -> subprocess.Popen[bytes]:
    folder.mkdir()
    command = [str(_TRAINING), "--output", str(folder), "--version", folder.name]
    if data is not None:
        command += ["--data", str(data)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextmanager
def _server(
    artifact: Path, address: str, model: str, clients: Path | None
) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "IRIS_ARTIFACT_DIR": str(artifact), "IRIS_MODEL_NAME": model}
    command = [str(_SERVER), "--host", address]
    if clients is not None:
        environment["IRIS_ACCESS_FILE"] = str(clients)
        command += ["--management-port", "8001"]
    _expect_free(address)
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _expect_free(address: str) -> None:
    """The server of another run at this address would be taken for ours."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, _PORT))
        except OSError as error:
            raise AssertionError(f"{address}:{_PORT}: {error.strerror}, expected a free address") from error


def _wait_until_ready(process: subprocess.Popen[bytes], address: str, within: float) -> None:
    deadline = time.monotonic() + within
    while not _ready(address):
        assert process.poll() is None, f"the model server at {address} ended"
        assert time.monotonic() < deadline, f"the model server at {address} is not ready"
        time.sleep(0.05)


def _ready(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}:{_PORT}/readyz", trust_env=False).is_success
    except httpx.TransportError:
        return False
