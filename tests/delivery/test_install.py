"""`iris-delivery install` as a person runs it: the real command, the real Helm, a real API server.

A played kubelet lets the operator's pods become ready; everything else is what the API server says.
"""

import asyncio
import os
import pty
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from iris_local_cluster.programs import binaries
from iris_local_cluster.progress import Progress

from tests.harness import kubelet
from tests.harness.kubernetes import Cluster, Refused, client_of, eventually

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

pytestmark = pytest.mark.cluster

_ROOT = Path(__file__).resolve().parents[2]
_SYSTEM = "iris-system"
_VERSION = yaml.safe_load((_ROOT / "charts/iris-operator/Chart.yaml").read_text())["appVersion"]
# Whatever another test or the plain manifests left of the operator.
_NAMED_IRIS_OPERATOR = (
    *("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding", "ServiceAccount"),
    *("Deployment", "PodDisruptionBudget", "NetworkPolicy"),
)
_OF_THE_OPERATOR = {
    "iris-operator": _NAMED_IRIS_OPERATOR,
    "irismodels-view": ("ClusterRole",),
    "irismodels-edit": ("ClusterRole",),
}


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    output: str
    errors: str


@dataclass(frozen=True, slots=True)
class Shell:
    """A person's shell: Helm on the path, one kubeconfig."""

    path: str
    kubeconfig: Path

    async def run(self, *words: str, answer: str = "", kubeconfig: Path | None = None) -> Said:
        """At a terminal when there is something to answer, else without one."""
        terminal, side = pty.openpty()
        os.write(terminal, f"{answer}\n".encode())
        try:
            process = await asyncio.create_subprocess_exec(
                ".venv/bin/iris-delivery", *words,
                cwd=_ROOT,
                env={**os.environ, "PATH": self.path, "KUBECONFIG": str(kubeconfig or self.kubeconfig)},
                stdin=side if answer else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )  # fmt: skip
            output, errors = await process.communicate()
        finally:
            os.close(terminal)
            os.close(side)
        return Said(process.returncode or 0, output.decode(), errors.decode())


@pytest.fixture(scope="session")
def path() -> str:
    helm = binaries.ensure(["helm"], Progress())["helm"]
    return f"{helm.parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def shell(path: str, api_server: "ApiServer") -> Shell:
    return Shell(path, api_server.kubeconfig)


@pytest.fixture
async def system(api_server: "ApiServer") -> AsyncIterator[Cluster]:
    """The operator's namespace, without an operator before and after."""
    async with client_of(api_server.kubeconfig) as client:
        cluster = Cluster(client, _SYSTEM)
        await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _SYSTEM}})
        await _clear(cluster)
        async with kubelet.Kubelet(cluster, {_VERSION: kubelet.serving("127.0.88.9")}):
            yield cluster
        await _clear(cluster)


async def _clear(cluster: Cluster) -> None:
    for name, kinds in _OF_THE_OPERATOR.items():
        for kind in kinds:
            with suppress(Refused):
                await cluster.delete(kind, name)
    for secret in await cluster.list("Secret", labels="owner=helm"):
        await cluster.delete("Secret", secret["metadata"]["name"])
    await eventually(lambda: cluster.list("Pod"), lambda pods: not pods, within=30)


async def image(cluster: Cluster) -> Any:
    deployment = await cluster.get("Deployment", "iris-operator")
    return deployment["spec"]["template"]["spec"]["containers"][0]["image"]


async def test_make_install_installs_the_chart_and_its_undo_removes_it(shell: Shell, system: Cluster) -> None:
    done = await shell.run("install", answer="y")

    assert done.code == 0, done.errors
    assert "Install the operator in context admin (https://127.0.0.1:" in done.errors
    assert "[y/N]" in done.errors
    assert await image(system) == f"ghcr.io/two-inc/iris-operator:{_VERSION}"
    undo = next(line.strip() for line in done.output.splitlines() if "iris-delivery uninstall" in line)
    assert undo == "iris-delivery uninstall --context=admin"

    gone = await shell.run(*undo.split()[1:], answer="yes")

    assert gone.code == 0, gone.errors
    assert await system.find("Deployment", "iris-operator") is None
    assert await system.find("ClusterRole", "iris-operator") is None
    assert await system.find("CustomResourceDefinition", "irismodels.serving.two.inc") is not None


async def test_a_second_time_it_upgrades(shell: Shell, system: Cluster, tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text(f"image: {{repository: mirror.test/operator, tag: {_VERSION}}}\n")
    assert (await shell.run("install", "--yes")).code == 0

    again = await shell.run("install", f"--values={tmp_path / 'values.yaml'}", answer="y")

    assert again.code == 0, again.errors
    assert "Upgrade the operator in" in again.errors
    assert await image(system) == f"mirror.test/operator:{_VERSION}"


async def test_the_api_is_upgraded_too(shell: Shell, system: Cluster) -> None:
    """Helm installs an API once and never again."""
    name = "irismodels.serving.two.inc"
    await system.patch("CustomResourceDefinition", name, {"spec": {"names": {"shortNames": ["old"]}}})

    assert (await shell.run("install", "--yes")).code == 0

    found = await system.get("CustomResourceDefinition", name)
    declared = yaml.safe_load((_ROOT / f"crds/{name}.yaml").read_text())
    assert found["spec"]["names"]["shortNames"] == declared["spec"]["names"]["shortNames"]


async def test_nothing_is_touched_when_the_answer_is_no(shell: Shell, system: Cluster) -> None:
    refused = await shell.run("install", answer="n")

    assert refused.code == 2
    assert "not confirmed; kubectl config use-context NAME selects another" in refused.errors
    assert await system.find("Deployment", "iris-operator") is None


@pytest.fixture
def maker(tmp_path: Path, shell: Shell) -> Path:
    """A clone that made the cluster."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    made = tmp_path / ".local" / "clusters" / "spring" / "kubeconfig"
    made.parent.mkdir(parents=True)
    shutil.copy(shell.kubeconfig, made)
    return tmp_path


async def test_a_cluster_that_this_clone_made_is_not_asked_about(
    shell: Shell, system: Cluster, maker: Path
) -> None:
    done = await shell.run(f"--repository={maker}", "uninstall")

    assert done.code == 0, done.errors
    assert "[y/N]" not in done.errors


async def test_wrong_values_are_refused_before_anything_changes(
    shell: Shell, system: Cluster, tmp_path: Path
) -> None:
    (tmp_path / "values.yaml").write_text("replica: 3\n")

    refused = await shell.run("install", "--yes", f"--values={tmp_path / 'values.yaml'}")

    assert refused.code == 2
    assert "iris-delivery: values: " in refused.errors
    assert "'replica' not allowed" in refused.errors


async def test_a_user_without_rights_is_told_which_one_is_missing(
    shell: Shell, system: Cluster, api_server: "ApiServer"
) -> None:
    refused = await shell.run("install", "--yes", kubeconfig=api_server.kubeconfig_of_user("jane"))

    assert refused.code == 2
    assert "context jane (" in refused.errors
    assert "you may not create namespaces; use an administrator's context" in refused.errors


async def test_an_operator_that_flux_keeps_is_left_to_git(shell: Shell, system: Cluster) -> None:
    assert (await shell.run("install", "--yes")).code == 0
    labels = {"metadata": {"labels": {"helm.toolkit.fluxcd.io/name": "iris-operator"}}}
    await system.patch("Deployment", "iris-operator", labels)

    refused = [await shell.run(verb, "--yes") for verb in ("install", "uninstall")]

    assert [said.code for said in refused] == [2, 2]
    assert all("Flux manages the operator there; commit" in said.errors for said in refused)


async def test_an_operator_of_the_plain_manifests_is_not_taken_over(shell: Shell, system: Cluster) -> None:
    manifest = yaml.safe_load((_ROOT / "operator/manifests/deployment.yaml").read_text())
    await system.apply(manifest)

    refused = await shell.run("install", "--yes")

    assert refused.code == 2
    assert "iris-system/iris-operator exists and is not managed by Helm; kubectl delete -k" in refused.errors


async def test_a_failed_installation_leaves_nothing_but_the_api(
    shell: Shell, system: Cluster, tmp_path: Path
) -> None:
    """Another's ClusterRole of that name: Helm notices when it is already at work."""
    role = yaml.safe_load((_ROOT / "operator/manifests/cluster-role.yaml").read_text())
    await system.apply(role)

    failed = await shell.run("install", "--yes")

    assert failed.code == 6
    assert "ClusterRole" in failed.errors
    assert "the IrisModel API stays: correct the cause, then run it again" in failed.errors
    assert await system.find("Deployment", "iris-operator") is None
