"""A cluster for the tests, started with `iris-local-cluster up` as a user does, and deleted at the end.

One per test run, since it takes a minute; its name, state and ports differ from those of a user's cluster.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from iris_local_cluster import detect
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.up import environment

from tests.e2e.clone import Clone
from tests.e2e.stage import NAME, UpRun, command_line, free_port


@pytest.fixture(scope="session")
def up_run() -> Iterator[UpRun]:
    port, tls_port = free_port(), free_port()
    subprocess.run(command_line("down", "--name", NAME), check=True, capture_output=True)
    try:
        up = subprocess.run(
            command_line("up", "--name", NAME, "--port", str(port), "--tls-port", str(tls_port)),
            capture_output=True,
            text=True,
            check=False,
            timeout=3600,
        )
        assert up.returncode == 0, up.stdout + up.stderr
        cluster = detect.cluster(NAME)
        yield UpRun(cluster, Kubectl(environment.kubeconfig(NAME)), up.stdout, up.stderr)
    finally:
        subprocess.run(command_line("down", "--name", NAME), check=True, capture_output=True)


@pytest.fixture
def clone(up_run: UpRun, tmp_path: Path) -> Iterator[Clone]:
    """A clone of the cluster's repository; a commit reverts what a test has changed."""
    mine = Clone.of(up_run, tmp_path / "iris")
    before = mine.head()
    try:
        yield mine
    finally:
        mine.restore(before)
