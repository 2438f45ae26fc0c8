"""The cluster in Docker: its files and command lines, and the order in which Docker is asked for things."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.kind import configuration
from iris_local_cluster.kind.cluster import KindCluster

KIND = Path("/bin/kind")


class Docker:
    """Answers from a table, by the words a command line begins with, and remembers what it was asked."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers = dict(answers)
        self.asked: list[str] = []
        self.given: list[str] = []

    def __call__(self, command: Sequence[str], content: str) -> str:
        line = " ".join(command)
        self.asked.append(line)
        self.given.append(content)
        for words, answer in self.answers.items():
            if line.startswith(words):
                return answer
        raise LocalClusterError(f"{line}: no such thing")


def test_the_ingress_is_published_on_loopback_only() -> None:
    [node] = yaml.safe_load(configuration.cluster("spring", port=8080, tls_port=8443))["nodes"]

    assert node["extraPortMappings"] == [
        {"containerPort": 80, "hostPort": 8080, "listenAddress": "127.0.0.1", "protocol": "TCP"},
        {"containerPort": 443, "hostPort": 8443, "listenAddress": "127.0.0.1", "protocol": "TCP"},
    ]


def test_the_api_server_listens_on_loopback_only() -> None:
    document = yaml.safe_load(configuration.cluster("spring", port=8080, tls_port=8443))

    assert document["networking"] == {"apiServerAddress": "127.0.0.1"}


def test_kubeadm_waits_longer_than_its_minute_for_the_api_server_of_a_busy_machine() -> None:
    """With two busy cores the API server answered after 80 s, and `kind create cluster` had failed."""
    [patch] = yaml.safe_load(configuration.cluster("spring", port=8080, tls_port=8443))[
        "kubeadmConfigPatches"
    ]

    assert yaml.safe_load(patch) == {"kind": "InitConfiguration", "timeouts": {"kubernetesAPICall": "5m"}}


def test_the_registry_is_published_on_a_free_loopback_port() -> None:
    command = configuration.create_registry("spring")

    assert "--publish=127.0.0.1::5000" in command
    assert "--network=kind" in command


def test_the_node_finds_our_registry_by_the_same_name_as_the_native_node_does() -> None:
    hosts = tomllib.loads(configuration.hosts("spring"))

    assert hosts["server"] == "http://spring-registry:5000"
    assert "/etc/containerd/certs.d/registry.local:5000/hosts.toml" in configuration.write_hosts("spring")[-1]


def test_kind_never_writes_the_users_kubeconfig() -> None:
    creating = configuration.create_cluster(KIND, "spring", Path("/x.yaml"))
    deleting = configuration.delete(KIND, "spring")

    assert "--kubeconfig=/dev/null" in creating
    assert "--kubeconfig=/dev/null" in deleting[0]


def test_two_clusters_share_no_container() -> None:
    names = {name(cluster) for name in (configuration.node, configuration.registry) for cluster in ("a", "b")}

    assert len(names) == 4


@pytest.mark.parametrize(
    ("state", "running"), [("running\n", True), ("exited\n", False)], ids=["running", "stopped"]
)
def test_a_cluster_runs_when_its_node_does(*, state: str, running: bool) -> None:
    cluster = KindCluster("spring", 8080, 8443, run=Docker({"docker inspect": state}))

    assert cluster.running() is running


def test_a_cluster_without_containers_does_not_run() -> None:
    assert not KindCluster("spring", 8080, 8443, run=Docker({})).running()


def test_the_ports_of_ingress_and_registry_are_read_from_docker() -> None:
    docker = Docker(
        {
            "docker port spring-control-plane 80/tcp": "127.0.0.1:8080\n",
            "docker port spring-control-plane 443/tcp": "127.0.0.1:8443\n",
            "docker port spring-registry 5000/tcp": "127.0.0.1:49153\n",
        }
    )
    cluster = KindCluster("spring", 8080, 8443, run=docker)

    assert cluster.ingress == cluster.ingress_inside() == "127.0.0.1:8080"
    assert cluster.tls_ingress == "127.0.0.1:8443"
    assert cluster.registry == "127.0.0.1:49153"


def test_a_node_that_was_created_without_a_port_for_tls_has_no_tls_address() -> None:
    assert KindCluster("spring", 8080, 8443, run=Docker({})).tls_ingress == ""


def test_down_without_containers_removes_nothing() -> None:
    docker = Docker({})

    assert not KindCluster("never-was", 8080, 8443, run=docker).delete()

    assert all(line.startswith("docker inspect") for line in docker.asked)
