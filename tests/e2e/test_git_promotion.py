"""dev → stage → prod by the real `iris-delivery`; each is a namespace here, which Flux keeps for itself."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from iris_local_cluster import paths
from iris_local_cluster.images import project_images
from iris_local_cluster.progress import Progress
from iris_local_cluster.up import models, run

from tests.e2e.clone import Clone, flux_until
from tests.e2e.stage import UpRun

pytestmark = pytest.mark.e2e

_ENVIRONMENTS = ("dev", "stage", "prod")
_FILE = "clusters/local/environments.yaml"
# One pod each, from this machine's registry; no route, since one host is one model's.
_SMALL = """\
apiVersion: serving.two.inc/v1alpha1
kind: IrisModel
metadata: {name: iris}
spec: {image: {repository: registry.local:5000/iris-server}, replicas: 1, autoscaling: null, route: null}
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The command as a person runs it: in a clone, with a kubeconfig whose contexts are the environments."""

    clone: Clone
    kubeconfig: Path

    def run(self, *words: str, code: int = 0) -> str:
        """What it printed: the result, or the refusal."""
        program = paths.SCRIPTS / "iris-delivery"
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig), "GIT_CONFIG_GLOBAL": os.devnull}
        answer = subprocess.run(
            [program, *words],
            cwd=self.clone.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == code, answer.stderr
        return answer.stderr if code else answer.stdout.strip()


@pytest.fixture
def digest(up_run: UpRun) -> str:
    """Of the second release's image in the cluster's registry."""
    image = project_images.build_server(run.SECOND, paths.ARTIFACTS, Progress())
    return project_images.push(image, up_run.cluster.registry, Progress())


@pytest.fixture
def delivery(up_run: UpRun, clone: Clone, tmp_path: Path) -> Delivery:
    """The first release serves in all three environments."""
    for name in _ENVIRONMENTS:
        path = f"clusters/{name}/version.yaml"
        clone.write(path, clone.read(path).replace("namespace: iris\n", f"namespace: iris-{name}\n"))
    clone.write(_FILE, yaml.safe_dump_all(each for name in _ENVIRONMENTS for each in _environment(name)))
    listing = clone.read("clusters/local/kustomization.yaml")
    clone.write(
        "clusters/local/kustomization.yaml",
        listing.replace("  - flux-system\n", "  - flux-system\n  - environments.yaml\n"),
    )
    for key, value in (("user.name", "Ada"), ("user.email", "ada@example.com"), ("http.proxy", "")):
        clone.git("config", key, value)
    commit = clone.push("Keep three environments")
    for name in _ENVIRONMENTS:
        _applied(up_run, name, commit)
    return Delivery(clone, _contexts(up_run, tmp_path / "kubeconfig"))


def _environment(name: str) -> list[dict[str, Any]]:
    """Its namespace, and the Flux Kustomization of its own folder."""
    step = {
        "interval": "10m",
        "retryInterval": "5s",
        "timeout": "3m",
        "prune": True,
        "wait": True,
        "path": f"./clusters/{name}/models",
        "sourceRef": {"kind": "GitRepository", "name": "flux-system"},
        "patches": [{"target": {"kind": "IrisModel"}, "patch": _SMALL}],
    }
    namespace: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": f"iris-{name}"},
    }
    kustomization: dict[str, Any] = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "flux-system"},
        "spec": step,
    }
    return [namespace, kustomization]


def _contexts(up_run: UpRun, path: Path) -> Path:
    """The cluster's kubeconfig with a context per environment, as a person has them."""
    content = yaml.safe_load(up_run.kubectl.kubeconfig.read_text())
    [own] = content["contexts"]
    content["contexts"] = [{**own, "name": name} for name in _ENVIRONMENTS]
    path.touch(mode=0o600)
    path.write_text(json.dumps(content | {"current-context": _ENVIRONMENTS[0]}))
    return path


def _applied(up_run: UpRun, name: str, commit: str) -> None:
    flux_until(
        up_run,
        "Kustomization",
        name,
        lambda each: each.ready == "True" and each.revision.endswith(commit),
        seconds=180,
    )


def test_a_release_travels_unchanged_and_only_from_where_it_serves(
    up_run: UpRun, delivery: Delivery, digest: str
) -> None:
    assert delivery.run("bump", run.SECOND, "--push") == run.SECOND
    release = (f"--version={run.SECOND}", f"--digest={digest}")
    commits = {"dev": delivery.run("promote", "--to=dev", *release, "--push")}
    assert "dev is not Ready" in delivery.run("promote", "--to=stage", "--push", code=2)
    assert delivery.run("verify", "--environment=dev").startswith("dev: irismodel iris-dev/iris: serves")
    assert "skips stage" in delivery.run("promote", "--from=dev", "--to=prod", code=2)
    for name in ("stage", "prod"):
        commits[name] = delivery.run("promote", f"--to={name}", "--push")
        delivery.run("verify", f"--environment={name}")

    for name in _ENVIRONMENTS:
        model = up_run.kubectl.read("irismodel", "iris", f"--namespace=iris-{name}")
        assert model["status"]["servingVersion"] == run.SECOND
        assert model["spec"]["image"]["digest"] == digest
        _applied(up_run, name, delivery.clone.head())
        assert model["status"]["source"]["kustomization"] == f"flux-system/{name}"
        assert model["status"]["source"]["revision"] == f"main@sha1:{commits[name]}"
    assert models.look(up_run.kubectl).serving == run.SECOND
