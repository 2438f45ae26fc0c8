"""Real model servers on loopback addresses, standing in for what would run in pods."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

_TRAINING = Path(".venv/bin/iris-training")
_SERVER = Path(".venv/bin/iris-model-server")
_START_SECONDS = 120.0


@contextmanager
def running(
    folder: Path, addresses: dict[str, str], model: str, *, within: float = _START_SECONDS
) -> Iterator[None]:
    """One server per version of `addresses` (version to loopback address), each with a model of its own."""
    with ExitStack() as stack:
        for version, address in addresses.items():
            stack.enter_context(_server(folder / version, address, model, within))
        yield


@contextmanager
def _server(folder: Path, address: str, model: str, within: float) -> Iterator[None]:
    folder.mkdir()
    train = [str(_TRAINING), "--output", str(folder), "--version", folder.name]
    subprocess.run(train, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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
