"""The workflows deploy and rollback, run by act against a real API server with the real operator.

Pods are played, and so is Flux: the remote applies the version of dev when main changes.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from iris_delivery import declaration

from tests.harness import kubelet, kubernetes, model_servers, operator_process
from tests.harness.kubelet import Kubelet
from tests.harness.kubernetes import Cluster
from tests.workflows.act import Forge, Run

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

# Nine jobs install the project each.
pytestmark = [pytest.mark.workflows, pytest.mark.timeout(1800)]

_FILE = "clusters/dev/version.yaml"
_IMAGE = "ghcr.io/example/iris-server"
_ADDRESSES = {"1.0.0": "127.0.88.11", "1.1.0": "127.0.88.12"}
_MODEL = {
    "apiVersion": "serving.two.inc/v1alpha1",
    "kind": "IrisModel",
    "metadata": {"name": "iris", "namespace": "iris"},
}
_GOOD, _BAD = "1" * 64, "2" * 64
_HOOK = """\
#!/bin/sh
git show main:{file} | {kubectl} --kubeconfig={kubeconfig} apply --server-side --filename=- >/dev/null
"""


def _kubeconfig(server: "ApiServer", folder: Path) -> Path:
    """The administrator's, with a context named dev."""
    content = yaml.safe_load(server.kubeconfig.read_text())
    content["contexts"][0]["name"] = content["current-context"] = "dev"
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    return file


@pytest.fixture(scope="module")
def kubeconfig(api_server: "ApiServer", forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = _kubeconfig(api_server, tmp_path_factory.mktemp("kubeconfig"))
    hook = forge.remote / "hooks" / "post-receive"
    kubectl = Path(".venv/bin/kubectl").resolve()
    hook.write_text(_HOOK.format(file=_FILE, kubectl=kubectl, kubeconfig=file))
    hook.chmod(0o755)
    return file


@pytest.fixture
def operator(api_server: "ApiServer", tmp_path: Path) -> Iterator[None]:
    with (
        operator_process.running(api_server.kubeconfig, tmp_path, namespaces="iris"),
        model_servers.running(tmp_path, _ADDRESSES, "iris"),
    ):
        yield


@pytest.fixture
async def dev(api_server: "ApiServer") -> AsyncIterator[Cluster]:
    async with kubernetes.client_of(api_server.kubeconfig) as client:
        cluster = Cluster(client, "iris")
        await cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "iris"}})
        await kubernetes.eventually(lambda: cluster.find("ServiceAccount", "default"), bool)
        yield cluster
        await cluster.delete("Namespace", "iris")


async def _run(forge: Forge, kubeconfig: Path, workflow: str, **inputs: str) -> Run:
    content = await asyncio.to_thread(kubeconfig.read_text)
    running = forge.start(workflow, {"environment": "dev", "version": "", **inputs}, kubeconfig=content)
    try:
        return await asyncio.to_thread(running.finish)
    finally:
        running.end()


def _release(forge: Forge, version: str, digest: str) -> None:
    forge.git("tag", f"v{version}")
    forge.git("push", "--quiet", "origin", f"v{version}")
    forge.publish(f"{_IMAGE}:{version}", f"sha256:{digest}")


def _declared(forge: Forge, revision: str = "origin/main") -> str:
    return str(declaration.parse(forge.shown(revision, _FILE), _FILE).release.version)


async def test_a_good_version_is_deployed_and_a_bad_one_ends_in_a_pull_request_that_reverts_it(
    forge: Forge, kubeconfig: Path, operator: None, dev: Cluster
) -> None:
    refused = kubelet.ended(65, "artifact refused: found version 1.1.0, expected 1.2.0", restarts=0)
    behaviours = {_GOOD: kubelet.serving(_ADDRESSES["1.1.0"]), _BAD: refused}
    async with Kubelet(dev, behaviours):
        _release(forge, "1.1.0", _GOOD)
        deployed = await _run(forge, kubeconfig, "deploy", version="1.1.0")
        assert deployed.code == 0, deployed.log[-5000:]
        assert "dev: irismodel iris/iris: serves 1.1.0" in deployed.log
        assert _declared(forge) == "1.1.0"
        assert [words[:2] for words in deployed.given("gh pr create") + deployed.given("gh pr merge")] == [
            ["pr", "create"],
            ["pr", "merge"],
        ]
        assert "deploy/" not in forge.git("ls-remote", "--heads", "origin")

        await dev.apply({**_MODEL, "spec": {"rollout": {"strategy": "Canary"}}})
        _release(forge, "1.2.0", _BAD)
        failed = await _run(forge, kubeconfig, "deploy", version="1.2.0")
        assert failed.code != 0
        assert re.search(r"rolled-back: irismodel iris/iris: RolledBack: .*ArtifactRejected", failed.log)
        assert _declared(forge) == "1.2.0"
        [_, reverting] = failed.given("gh pr create")
        [branch] = [word for word in reverting if word.startswith("revert/dev-")]
        assert _declared(forge, f"origin/{branch}") == "1.1.0"

        back = await _run(forge, kubeconfig, "rollback")
        assert back.code == 0, back.log[-5000:]
        assert "dev: irismodel iris/iris: serves 1.1.0" in back.log
        assert _declared(forge) == "1.1.0"
        assert len(back.given("gh pr merge")) == 1
