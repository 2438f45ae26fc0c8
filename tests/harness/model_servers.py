"""Real model servers on loopback addresses, standing in for what would run in pods."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from sklearn.datasets import load_iris

_TRAINING = Path(".venv/bin/iris-training")
_SERVER = Path(".venv/bin/iris-model-server")
_START_SECONDS = 120.0
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
    with ExitStack() as stack:
        for version, address in addresses.items():
            _train(folder / version, data)
            stack.enter_context(_server(folder / version, address, model, within))
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


def _train(folder: Path, data: Path | None) -> None:
    folder.mkdir()
    train = [str(_TRAINING), "--output", str(folder), "--version", folder.name]
    if data is not None:
        train += ["--data", str(data)]
    subprocess.run(train, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextmanager
def _server(folder: Path, address: str, model: str, within: float) -> Iterator[None]:
    environment = {**os.environ, "IRIS_ARTIFACT_DIR": str(folder), "IRIS_MODEL_NAME": model}
    process = subprocess.Popen([_SERVER, "--host", address], env=environment, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + within
        while not _ready(address):
            assert process.poll() is None, f"the model server for {folder.name} ended"
            assert time.monotonic() < deadline, f"the model server for {folder.name} is not ready"
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


def _ready(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}:8000/readyz", trust_env=False).is_success
    except httpx.TransportError:
        return False
