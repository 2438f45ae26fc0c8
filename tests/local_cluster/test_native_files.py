"""What a native node's programs are configured with, as the programs themselves read it."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.native import containerd, kubeadm, kubelet, layout, pods, registry
from iris_local_cluster.native.layout import Layout

NODE = Layout("spring", Path("/state/spring"))


def documents() -> dict[str, dict[str, Any]]:
    text = kubeadm.config(NODE, kubernetes="v1.37.2", etcd="3.7.3-0", coredns="v1.15.0")
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


def containerd_config(*, restrict: bool = False) -> dict[str, Any]:
    text = containerd.config(pause_image="registry.k8s.io/pause:3.10.2", restrict_oom_score=restrict)
    return tomllib.loads(text)


def paths_in(value: object) -> list[str]:
    """Every absolute path anywhere in a configuration."""
    match value:
        case dict():
            return [path for each in value.values() for path in paths_in(each)]
        case list():
            return [path for each in value for path in paths_in(each)]
        case str():
            text = value.removeprefix("unix://")
            return [text] if text.startswith("/") else []
        case _:
            return []


def test_containerd_reads_images_of_our_name_from_the_local_registry() -> None:
    hosts = tomllib.loads(containerd.hosts())

    assert hosts["server"] == "http://127.0.0.1:5000"
    assert hosts["host"] == {"http://127.0.0.1:5000": {"capabilities": ["pull", "resolve"]}}


@pytest.mark.parametrize("restrict", [True, False], ids=["without the capability", "with the capability"])
def test_containerd_lowers_oom_scores_only_where_it_may(*, restrict: bool) -> None:
    runtime = containerd_config(restrict=restrict)["plugins"]["io.containerd.cri.v1.runtime"]

    assert runtime["restrict_oom_score_adj"] is restrict


def test_containerd_pins_the_pause_image_that_the_node_has() -> None:
    plugin = containerd_config()["plugins"]["io.containerd.cri.v1.images"]

    assert plugin["pinned_images"] == {"sandbox": "registry.k8s.io/pause:3.10.2"}


@pytest.mark.parametrize(
    "configuration",
    [containerd_config(), kubelet.config(NODE), registry.config(), documents()],
    ids=["containerd", "kubelet", "registry", "kubeadm"],
)
def test_a_program_writes_only_where_the_cluster_has_its_own_folders(configuration: dict[str, Any]) -> None:
    own = (*layout.PLACES.values(), "/run", f"/{NODE.cgroup}", "/usr/lib/cni", "/var/lib/containerd")

    found = paths_in(configuration)

    assert found or "kind" not in configuration
    assert [path for path in found if not path.startswith(own)] == []


def test_kubelet_keeps_pods_in_a_control_group_that_down_removes() -> None:
    assert kubelet.config(NODE)["cgroupRoot"] == f"/{NODE.cgroup}"


def test_kubelet_starts_on_machines_with_old_control_groups_and_swap() -> None:
    config = kubelet.config(NODE)

    assert config["failCgroupV1"] is False
    assert config["failSwapOn"] is False


def test_the_api_servers_certificate_holds_for_the_hosts_loopback() -> None:
    names = documents()["ClusterConfiguration"]["apiServer"]["certSANs"]

    assert names == ["127.0.0.1", "localhost"]


def test_the_node_has_no_taint_because_there_is_no_other() -> None:
    assert documents()["InitConfiguration"]["nodeRegistration"]["taints"] == []


def test_kubernetes_versions_are_named_so_that_nothing_is_looked_up_on_the_network() -> None:
    configuration = documents()["ClusterConfiguration"]

    assert configuration["kubernetesVersion"] == "v1.37.2"
    assert configuration["etcd"]["local"]["imageTag"] == "3.7.3-0"
    assert configuration["dns"]["imageTag"] == "v1.15.0"


def test_pods_and_kubeadm_agree_on_the_pod_network() -> None:
    bridge = json.loads(pods.config())["plugins"][0]

    assert bridge["ipam"]["ranges"] == [[{"subnet": layout.POD_SUBNET}]]
    assert documents()["ClusterConfiguration"]["networking"]["podSubnet"] == layout.POD_SUBNET


def test_kubeadm_does_nothing_twice(tmp_path: Path) -> None:
    node = Layout("spring", tmp_path)
    node.kubernetes.mkdir()
    said: list[list[str]] = []

    first = kubeadm.configure(node, "text", lambda command: said.append(list(command)))
    phases = len(said)
    second = kubeadm.configure(node, "text", lambda command: said.append(list(command)))

    assert first
    assert not second
    assert len(said) == phases
    assert said[0][0] == "find"


def test_kubeadm_keeps_the_certificates_when_only_the_configuration_changed(tmp_path: Path) -> None:
    node = Layout("spring", tmp_path)
    node.kubernetes.mkdir()
    kubeadm.configure(node, "old", lambda _: None)
    said: list[list[str]] = []

    changed = kubeadm.configure(node, "new", lambda command: said.append(list(command)))

    assert changed
    assert {command[0] for command in said} == {"kubeadm"}


def test_kubeadm_begins_again_after_a_run_that_was_killed(tmp_path: Path) -> None:
    node = Layout("spring", tmp_path)
    node.kubernetes.mkdir()

    def dies(command: object) -> None:
        if "kubeconfig" in str(command):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kubeadm.configure(node, "text", dies)
    said: list[list[str]] = []

    again = kubeadm.configure(node, "text", lambda command: said.append(list(command)))

    assert again
    assert said[0][:2] == ["find", "/etc/kubernetes"]


def test_the_hosts_kubeconfig_goes_through_the_loopback_port() -> None:
    admin = yaml.safe_dump(
        {
            "clusters": [{"name": "spring", "cluster": {"server": "https://172.30.0.1:6443"}}],
            "contexts": [{"name": "kubernetes-admin@spring", "context": {"cluster": "spring", "user": "x"}}],
            "current-context": "kubernetes-admin@spring",
            "users": [{"name": "x", "user": {}}],
        }
    )

    ours = yaml.safe_load(kubeadm.kubeconfig(admin, context="spring", port=41000))

    assert ours["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:41000"
    assert ours["current-context"] == ours["contexts"][0]["name"] == "spring"


@pytest.mark.parametrize("name", ["iris", "a", "e2e-2", "x" * 30])
def test_the_node_takes_names_that_fit_everywhere(name: str) -> None:
    layout.require_name(name)


@pytest.mark.parametrize("name", ["", "Iris", "-a", "a-", "../etc", "a b", "x" * 31, "a/b", "a.b"])
def test_the_node_refuses_names_that_would_not_fit_somewhere(name: str) -> None:
    with pytest.raises(LocalClusterError, match=r"^--name: "):
        layout.require_name(name)
