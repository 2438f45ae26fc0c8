"""What stands in every local cluster before a model does: Traefik, the IrisModel API, the operator."""

import os
import tomllib
from pathlib import Path

import yaml

from iris_local_cluster import cluster, images, paths
from iris_local_cluster.cluster import Cluster
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.progress import Progress

CRDS = paths.PROJECT / "crds"
MANIFESTS = paths.PROJECT / "clusters" / "local"
_UPSTREAM = "ghcr.io/two-inc/iris-operator"


def infrastructure(kubectl: Kubectl, progress: Progress) -> None:
    with progress.step("Install Traefik"):
        kubectl.apply_folder(MANIFESTS / "infrastructure")
        kubectl.rolled_out("deployment", "traefik", namespace="traefik")


def operator(target: Cluster, kubectl: Kubectl, progress: Progress) -> None:
    """Built from this checkout, pushed, and pinned by digest: changed code is a changed manifest."""
    image = images.build_operator(_version(), progress)
    digest = images.push(image, target.registry, progress)
    with progress.step("Install the operator") as step:
        kubectl.apply_folder(CRDS)
        kubectl.run("wait", "--for=condition=Established", "crd/irismodels.serving.two.inc", "--timeout=60s")
        folder = paths.cluster(target.name) / "manifests" / "operator"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "kustomization.yaml").write_text(overlay(folder, digest))
        kubectl.apply_folder(folder)
        step.note("waiting for it to be ready")
        kubectl.rolled_out("deployment", "iris-operator", namespace="iris-system")


def overlay(folder: Path, digest: str) -> str:
    """The checkout's manifests with the image that was pushed."""
    return yaml.safe_dump(
        {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [os.path.relpath(MANIFESTS / "operator", folder)],
            "images": [{"name": _UPSTREAM, "newName": f"{cluster.REGISTRY}/iris-operator", "digest": digest}],
        }
    )


def _version() -> str:
    project = tomllib.loads((paths.PROJECT / "operator" / "pyproject.toml").read_text())
    return str(project["project"]["version"])
