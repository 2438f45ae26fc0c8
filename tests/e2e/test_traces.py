"""A native node starts after any interruption, and `down` removes all of it.

Covers: kill -9 and Ctrl-C of `up` at different moments, then `up`; processes, mounts, network, control
groups, packet filters and folders of the host before and after. It uses its own small clusters.
"""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from iris_local_cluster import paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.images import image_builders
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.native import cgroups, process, record
from iris_local_cluster.native.layout import Layout
from iris_local_cluster.native.node import NativeCluster
from iris_local_cluster.programs import packages
from iris_local_cluster.progress import Progress

from tests.docker.network import BRIDGE
from tests.e2e.stage import NAME, command_line, free_port

pytestmark = pytest.mark.e2e

# Where Kubernetes, containerd and the plugins write when nobody stops them.
_FOLDERS = ("/etc", "/opt", "/run", "/usr/libexec", "/var/lib", "/var/log", "/etc/cni", "/var/lib/cni")
_FILTERS = ("iptables-save", "ip6tables-save", "iptables-legacy-save", "ip6tables-legacy-save")


def named(suffix: str, port: int) -> NativeCluster:
    name = f"{NAME}-{suffix}"
    return NativeCluster(Layout(name, paths.cluster(name)), port, free_port())


@pytest.fixture
def node() -> Iterator[NativeCluster]:
    if image_builders.docker_answers():
        pytest.skip("a Docker engine answers: the cluster is kind's")
    cluster = named("traces", free_port())
    cluster.delete()
    try:
        yield cluster
    finally:
        cluster.delete()


def output(*command: str) -> list[str]:
    program = packages.program(command[0])
    if program is None:
        return []
    answer = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=True)
    # The filters' dumps carry the time of the dump in comments, and counters in brackets. The Docker tests,
    # which have a bridge, may begin or end meanwhile.
    lines = (line for line in answer.stdout.splitlines() if not line.startswith("#") and BRIDGE not in line)
    return [line.partition(" [")[0] for line in lines]


def host() -> dict[str, list[str]]:
    """What of the host a node could change."""
    points = [Path(line.split()[4]) for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    ours = [Path(folder) for folder in _FOLDERS] + [paths.LOCAL]
    return {
        # Images of another clone may be built meanwhile, in mounts elsewhere.
        "mounts": sorted(
            str(point)
            for point in points
            if any(point.is_relative_to(folder) for folder in ours)
            and not point.is_relative_to("/run/iris-local-cluster")
        ),
        "network namespaces": output("ip", "netns", "list"),
        "links": [line.split()[1] for line in output("ip", "-oneline", "link")],
        "addresses": [" ".join(line.split()[:4]) for line in output("ip", "-oneline", "address")],
        # A bridge of somebody else has a carrier while a container of theirs runs.
        "routes": [line.replace(" linkdown", "").strip() for line in output("ip", "route")],
        **{program: output(program) for program in _FILTERS},
        **{
            folder: sorted(entry.name for entry in Path(folder).iterdir())
            for folder in _FOLDERS
            if Path(folder).is_dir()
        },
        "control groups": sorted(
            str(group) for tree in cgroups.trees() for group in tree.iterdir() if "iris" in group.name
        ),
    }


def processes_of(namespace: str) -> list[int]:
    """Everything that lives in this network namespace."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str((entry / "ns" / "net").readlink()) == namespace:
                found.append(int(entry.name))
        except OSError:
            continue  # it ended meanwhile
    return found


def network_namespace(name: str) -> str:
    running = record.running(name)
    assert running is not None
    return str(Path(f"/proc/{running.pid}/ns/net").readlink())


def nodes(cluster: NativeCluster, folder: Path) -> str:
    file = folder / "kubeconfig"
    file.write_text(cluster.kubeconfig())
    return Kubectl(file).run("get", "nodes", "--no-headers")


def start_until(cluster: NativeCluster, line: str) -> subprocess.Popen[str]:
    """An `up` that has just said this."""
    ports = ("--port", str(cluster.port), "--tls-port", str(cluster.tls_port))
    command = command_line("up", "--name", cluster.name, *ports)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = []
    for text in process.stderr:
        said.append(text)
        if line in text:
            return process
    raise AssertionError(f"never said {line!r}: {''.join(said)}")


def test_down_leaves_the_host_as_it_was(node: NativeCluster, tmp_path: Path) -> None:
    before = host()

    node.create(Progress())
    namespace = network_namespace(node.name)
    ready = nodes(node, tmp_path)
    lived = processes_of(namespace)
    gone = node.delete()

    assert " Ready " in ready
    assert len(lived) > 10
    assert gone
    assert processes_of(namespace) == []
    assert host() == before
    assert not node.layout.state.exists()
    assert not node.delete()


def test_up_works_after_it_was_killed_at_any_moment(node: NativeCluster, tmp_path: Path) -> None:
    for moment in ("Start the node", "Load the base images", "Start Kubernetes"):
        with start_until(node, moment) as up:
            up.send_signal(signal.SIGKILL)

    node.create(Progress())

    assert " Ready " in nodes(node, tmp_path)


def test_up_brings_back_what_was_there_after_the_node_was_killed(node: NativeCluster, tmp_path: Path) -> None:
    """What a reboot does to it: every process, mount and network is gone, the state folder is not."""
    node.create(Progress())
    file = tmp_path / "kubeconfig"
    file.write_text(node.kubeconfig())
    Kubectl(file).run("create", "namespace", "kept")
    killed = record.running(node.name)
    assert killed is not None
    process.kill(killed.identity)

    node.create(Progress())

    file.write_text(node.kubeconfig())
    assert Kubectl(file).succeeds("get", "namespace", "kept")
    Kubectl(file).rolled_out("deployment", "coredns", namespace="kube-system")


def test_ctrl_c_ends_up_in_one_line_and_the_same_command_goes_on(node: NativeCluster) -> None:
    with start_until(node, "Start the node") as up:
        up.send_signal(signal.SIGINT)
        assert up.stderr is not None
        last = up.stderr.read().splitlines()[-1]

    assert up.returncode == 130
    assert last == "iris-local-cluster: interrupted; repeat the command to continue"
    assert node.running()


def test_down_finds_a_node_whose_state_was_removed_by_hand(node: NativeCluster) -> None:
    with start_until(node, "Start the node") as up:
        up.send_signal(signal.SIGKILL)
    namespace = network_namespace(node.name)
    subprocess.run(["rm", "-rf", str(node.layout.state)], check=True)

    assert node.delete()

    assert processes_of(namespace) == []
    assert not cgroups.exists(node.layout.cgroup)


def test_down_leaves_another_clones_cluster_of_that_name_alone(node: NativeCluster, tmp_path: Path) -> None:
    with start_until(node, "Start the node") as up:
        up.send_signal(signal.SIGKILL)
    namesake = NativeCluster(Layout(node.name, tmp_path), node.port, node.tls_port)

    with pytest.raises(LocalClusterError, match="is already running from"):
        namesake.delete()

    assert node.running()


def test_a_taken_port_is_refused_before_anything_is_begun(node: NativeCluster) -> None:
    namesake = named("other", node.port)
    with start_until(node, "Start the node") as up:
        up.send_signal(signal.SIGKILL)

    refused = subprocess.run(
        command_line("up", "--name", namesake.name, "--port", str(namesake.port)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert refused.returncode == 2
    assert f"port {node.port} on 127.0.0.1: address already in use, expected it to be free" in refused.stderr
    assert "Train" not in refused.stderr
    assert not namesake.layout.state.exists()
