"""One Docker engine per test run, with stand-ins for the upstream images that our Dockerfiles start from."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from iris_local_cluster import paths

from tests.docker import engine as engines
from tests.docker import stand_ins
from tests.docker.checkout import Checkout
from tests.docker.engine import Engine

_STORE_BYTES = 6_000_000_000


def _scratch() -> str:
    """In memory where there is plenty: on a busy disk the removal of an engine's store takes up to a minute.

    Both paths are short, as a socket's has to be.
    """
    memory = Path("/dev/shm")  # noqa: S108 - a private folder is made in it
    plenty = memory.is_dir() and shutil.disk_usage(memory).free >= _STORE_BYTES
    return str(memory) if plenty else "/var/tmp"  # noqa: S108


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with (
        tempfile.TemporaryDirectory(prefix="iris-docker-", dir=_scratch()) as folder,
        engines.running(Path(folder)) as running,
    ):
        stand_ins.load(running)
        yield running


@pytest.fixture(scope="session")
def checkout(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout.of(paths.PROJECT, tmp_path_factory.mktemp("checkout"), engine)


@pytest.fixture(scope="session")
def registry(engine: Engine) -> Iterator[str]:
    """`127.0.0.1:port`."""
    container = engine.run("run", "--detach", "--publish=127.0.0.1::5000", stand_ins.REGISTRY)
    try:
        yield engine.run("port", container, "5000/tcp").splitlines()[0]
    finally:
        engine.run("rm", "--force", "--volumes", container)
