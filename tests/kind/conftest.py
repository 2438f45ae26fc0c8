"""A Docker engine of the tests' own that holds what kind and `make up` would pull."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker import engine as engines
from tests.docker import stand_ins
from tests.docker.engine import Engine
from tests.kind import node_image


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    # On the disk: two nodes with their images are more than memory should hold.
    with (
        tempfile.TemporaryDirectory(prefix="iris-kind-", dir="/var/tmp") as folder,
        engines.running(Path(folder)) as running,
    ):
        stand_ins.load(running)
        node_image.load(running)
        yield running
