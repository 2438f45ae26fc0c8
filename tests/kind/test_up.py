"""`make up` as most users run it: on kind, in a Docker engine, from the first step to the last.

One engine and two clusters. The tests use them in this file's order; the last one deletes both.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from iris_local_cluster import loopback, paths
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.up import environment

from tests.docker.engine import Engine

pytestmark = [pytest.mark.kind, pytest.mark.timeout(3600)]

_CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5)"


@dataclass(frozen=True, slots=True)
class Kind:
    """One cluster, by the commands that `make` calls."""

    name: str
    ports: tuple[int, int]
    engine: Engine

    def run(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "iris_local_cluster", command, f"--name={self.name}", *options]
        return subprocess.run(words, env=self.engine.environment, capture_output=True, text=True, check=False)

    def up(self) -> subprocess.CompletedProcess[str]:
        plain, tls = self.ports
        answer = self.run("up", f"--port={plain}", f"--tls-port={tls}")
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer

    @property
    def kubectl(self) -> Kubectl:
        return Kubectl(environment.kubeconfig(self.name))

    def connects(self, pod: str, namespace: str, address: str, port: int) -> bool:
        """Whether a connection from a pod that has Python succeeds."""
        command = ("exec", pod, f"--namespace={namespace}", "--", "python3", "-c", _CONNECT)
        return self.kubectl.succeeds(*command, address, str(port))


def _kind(name: str, engine: Engine) -> Iterator[Kind]:
    with loopback.listen(0) as plain, loopback.listen(0) as tls:
        ports = (plain.getsockname()[1], tls.getsockname()[1])
    cluster = Kind(name, ports, engine)
    yield cluster
    cluster.run("down")


@pytest.fixture(scope="module")
def first(engine: Engine) -> Iterator[Kind]:
    yield from _kind("kind-first", engine)


@pytest.fixture(scope="module")
def second(engine: Engine) -> Iterator[Kind]:
    yield from _kind("kind-second", engine)


@pytest.fixture(scope="module")
def output(first: Kind) -> str:
    """What `make up` printed, the first time; the times of its steps are shown by `pytest -rP`."""
    answer = first.up()
    sys.stderr.write(answer.stderr)
    return answer.stdout


def test_up_on_kind_predicts_and_changes_the_version_without_a_failed_request(output: str) -> None:
    line = re.search(r"^(\d+) requests, (\d+) failed \((.*);", output, flags=re.MULTILINE)

    assert line, output
    assert line[2] == "0"
    assert "by 1.0.0" in line[3]
    assert "by 1.1.0" in line[3]


def test_status_on_kind_shows_the_version_that_serves(first: Kind, output: str) -> None:
    assert output
    answer = first.run("status")

    assert answer.returncode == 0, answer.stderr
    assert re.search(r"iris/iris +1\.1\.0 +1\.1\.0", answer.stdout), answer.stdout


def test_a_model_pod_on_kind_reaches_nothing_but_names(first: Kind, output: str) -> None:
    """The model's NetworkPolicy is enforced: the API server answers a pod of a namespace that has none."""
    assert output
    api = first.kubectl.read("endpointslices", "--namespace=default")["items"][0]
    address = api["endpoints"][0]["addresses"][0]
    dns = first.kubectl.read("service/kube-dns", "--namespace=kube-system")["spec"]["clusterIP"]

    assert first.connects("deployment/iris", "iris", dns, 53)
    assert not first.connects("deployment/iris", "iris", address, 6443)
    assert first.connects("deployment/grafana", "monitoring", address, 6443)


def test_a_second_up_on_kind_starts_no_container_again(first: Kind, output: str, engine: Engine) -> None:
    assert output
    before = engine.containers()

    first.up()

    assert engine.containers() == before


def test_two_clusters_on_kind_serve_at_the_same_time(first: Kind, second: Kind, output: str) -> None:
    assert output
    second.up()

    assert [cluster.run("status").returncode for cluster in (first, second)] == [0, 0]


def test_down_on_kind_leaves_no_container_and_no_file(
    first: Kind, second: Kind, output: str, engine: Engine
) -> None:
    assert output
    assert [cluster.run("down").returncode for cluster in (first, second)] == [0, 0]

    assert engine.containers() == []
    assert [paths.cluster(cluster.name).exists() for cluster in (first, second)] == [False, False]
    assert first.run("status").returncode == 3
