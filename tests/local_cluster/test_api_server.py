"""The loopback API server as its users need it: complete, apart from others, and gone with who started it."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from iris_local_cluster import api_server as servers
from iris_local_cluster.errors import LocalClusterError

from tests.harness import kubernetes

pytestmark = pytest.mark.cluster

WEB = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "registry.local:5000/web:1"}]},
        },
    },
}

STARTER = """
from iris_local_cluster import api_server
with api_server.running() as server:
    servers = server.etcd, server.api_server, server.controller_manager
    print(server.folder, *(one.pid for one in servers), flush=True)
    input()
"""


def reached(holds: Callable[[], bool], within: float = 15.0) -> bool:
    """Whether it holds before the deadline."""
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def alive(pid: int) -> bool:
    """Whether a process of that id runs; one that ended and was not yet collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_the_controllers_create_pods_whose_status_a_test_can_write(cluster: kubernetes.Cluster) -> None:
    await cluster.apply(WEB)

    pods = await kubernetes.eventually(lambda: cluster.list("Pod"), lambda found: len(found) == 2)
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    for pod in pods:
        await cluster.patch("Pod", pod["metadata"]["name"], {"status": ready}, subresource="status")

    await kubernetes.eventually(
        lambda: cluster.get("Deployment", "web"), lambda web: web["status"].get("readyReplicas") == 2
    )


async def test_the_garbage_collector_deletes_the_children_of_an_irismodel_at_once(
    cluster: kubernetes.Cluster,
) -> None:
    model = await cluster.create(
        {"apiVersion": "serving.two.inc/v1alpha1", "kind": "IrisModel", "metadata": {"name": "iris"},
         "spec": {"version": "1.4.0"}}
    )  # fmt: skip
    owner = {key: model[key] for key in ("apiVersion", "kind")} | {
        key: model["metadata"][key] for key in ("name", "uid")
    }
    child = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "ownerReferences": [owner]}}
    await cluster.create(child)

    await cluster.delete("IrisModel", "iris")

    await kubernetes.eventually(
        lambda: cluster.find("ConfigMap", "c"), lambda found: found is None, within=10
    )


async def test_the_api_server_refuses_a_user_without_rights(
    api_server: servers.ApiServer, cluster: kubernetes.Cluster
) -> None:
    async with kubernetes.client_of(api_server.kubeconfig_of_user("jane")) as client:
        jane = kubernetes.Cluster(client, cluster.namespace)

        with pytest.raises(kubernetes.Refused, match='User "jane" cannot list resource "pods"'):
            await jane.list("Pod")


async def test_a_service_account_may_do_what_its_role_allows_and_no_more(
    api_server: servers.ApiServer, cluster: kubernetes.Cluster
) -> None:
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    group = "rbac.authorization.k8s.io"
    reference = {"apiGroup": group, "kind": "Role", "name": "reader"}
    subject = {"kind": "ServiceAccount", "name": "reader", "namespace": cluster.namespace}
    named = {"apiVersion": f"{group}/v1", "metadata": {"name": "reader"}}
    await cluster.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader"}})
    await cluster.create({**named, "kind": "Role", "rules": rules})
    await cluster.create({**named, "kind": "RoleBinding", "roleRef": reference, "subjects": [subject]})

    kubeconfig = api_server.kubeconfig_of_service_account(cluster.namespace, "reader")

    async with kubernetes.client_of(kubeconfig) as client:
        reader = kubernetes.Cluster(client, cluster.namespace)
        pods = await kubernetes.eventually(lambda: allowed(reader), lambda found: found is not None)
        with pytest.raises(kubernetes.Refused, match='cannot list resource "secrets"'):
            await reader.list("Secret")
    assert pods == []


async def allowed(reader: kubernetes.Cluster) -> list[kubernetes.Manifest] | None:
    """The pods once the authorizer has seen the binding."""
    try:
        return await reader.list("Pod")
    except kubernetes.Refused:
        return None


def test_a_missing_service_account_is_named_in_the_error(api_server: servers.ApiServer) -> None:
    with pytest.raises(LocalClusterError, match=r"service account default/nobody: .*not found"):
        api_server.kubeconfig_of_service_account("default", "nobody")


def test_the_api_server_listens_on_loopback_only(api_server: servers.ApiServer) -> None:
    pids = {server.pid for server in (api_server.etcd, api_server.api_server, api_server.controller_manager)}
    table = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout

    ours = [line.split()[3] for line in table.splitlines() if any(f"pid={pid}," in line for pid in pids)]

    assert ours == [f"127.0.0.1:{api_server.port}"]


def test_the_keys_of_the_api_server_are_readable_by_its_user_only(api_server: servers.ApiServer) -> None:
    open_to_others = [
        path for path in (api_server.folder, api_server.kubeconfig) if path.stat().st_mode & 0o077
    ]

    assert open_to_others == []


def test_the_api_server_leaves_nothing_behind_when_its_starter_is_killed() -> None:
    started = subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True)
    with started:
        assert started.stdout is not None
        folder, *pids = started.stdout.readline().split()

        started.kill()

    assert len(pids) == 3
    assert reached(lambda: not any(alive(int(pid)) for pid in pids))
    assert reached(lambda: not Path(folder).exists())


def test_the_api_server_leaves_nothing_behind_when_it_is_stopped_while_frozen() -> None:
    with servers.running() as server:
        pids = [one.pid for one in (server.etcd, server.api_server, server.controller_manager)]
        server.api_server.pause()

    assert not any(pid is None or alive(pid) for pid in pids)
    assert not server.folder.exists()


def test_a_server_that_did_not_start_is_explained_in_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho data-dir: no space left >&2\nexit 1\n")
    broken.chmod(0o755)
    programs = dict.fromkeys(("etcd", "kube-apiserver", "kube-controller-manager"), broken)
    folder = tmp_path / "server"
    folder.mkdir()
    server = servers.ApiServer(folder, 1, programs, {servers.ADMIN: "token"})

    with pytest.raises(LocalClusterError) as caught:
        server.start()
    server.stop()

    assert str(caught.value) == "etcd: ended before it listened: data-dir: no space left"


def test_a_temporary_folder_too_deep_for_sockets_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/" + "d" * 79)

    with (
        pytest.raises(LocalClusterError, match=r"TMPDIR: found .* 80 characters, expected at most 79"),
        servers.running(),
    ):
        pass


def test_the_api_server_works_in_the_deepest_temporary_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    short = Path(tempfile.mkdtemp())
    deepest = short / ("d" * (78 - len(str(short))))
    deepest.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deepest))

    with servers.running() as server:
        assert server.etcd.pid is not None
    deepest.rmdir()
    short.rmdir()
