"""Installs Flux: its three controllers, from their modules' manifests, and the folder they follow.

Apart from the Git server, Flux applies everything else.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from iris_local_cluster import paths
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.programs import binaries, golang
from iris_local_cluster.progress import Step

NAMESPACE = "flux-system"
CONTROLLERS = tuple(binaries.FLUX_VERSIONS)
SYNC = paths.PROJECT / "clusters" / "local" / "flux-system"
_CRDS = ("gitrepositories.source", "kustomizations.kustomize", "helmreleases.helm")

# A newer commit cancels the health check of an older one. Not for helm-controller: there every further
# reconciliation cancels it, also one without a change, and the installation counts as failed.
_IMPATIENT = "--feature-gates=CancelHealthCheckOnNewRevision=true"
# Flux takes over the fields that `make up` applied before Flux ran.
_OVERRIDE = "--override-manager=iris-local-cluster"
_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    # The Git server is local: retry it within seconds.
    "source-controller": ("--max-retry-delay=10s", "--requeue-dependency=2s"),
    "kustomize-controller": ("--requeue-dependency=2s", _IMPATIENT, _OVERRIDE),
    "helm-controller": ("--requeue-dependency=2s",),
}


def install(kubectl: Kubectl, folder: Path, step: Step) -> None:
    """Install the controllers and wait until they are ready; a second call changes only differences."""
    step.note("reading the manifests of its modules")
    write(folder)
    kubectl.apply_folder(folder)
    kubectl.established(*(f"crd/{name}.toolkit.fluxcd.io" for name in _CRDS))
    for name in CONTROLLERS:
        step.note(f"waiting for {name}")
        kubectl.rolled_out("deployment", name, namespace=NAMESPACE)


def follow(kubectl: Kubectl) -> None:
    """Let it follow the repository; afterwards Flux itself applies these objects from Git."""
    if not kubectl.succeeds("get", "kustomization.kustomize.toolkit.fluxcd.io/flux-system", f"-n{NAMESPACE}"):
        kubectl.apply_folder(SYNC)


def write(folder: Path) -> None:
    """Write a kustomization of all three controllers, based on their modules' manifests."""
    for name, version in binaries.FLUX_VERSIONS.items():
        source = golang.source(paths.GO_MODULES / name, f"github.com/fluxcd/{name}")
        _write(folder / name, _files(source / "config") | own(name, version))
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    top = _kustomization(["namespace.yaml", *CONTROLLERS])
    _write(folder, {"namespace.yaml": yaml.safe_dump(namespace), "kustomization.yaml": yaml.safe_dump(top)})


def own(name: str, version: str) -> dict[str, str]:
    """Our own manifests for a controller, beside those of its module."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
    return {
        "kustomization.yaml": yaml.safe_dump(_controller(name, version)),
        "service-account.yaml": yaml.safe_dump(account),
    }


def _controller(name: str, version: str) -> dict[str, Any]:
    """One controller as upstream installs it: its own service account, all in one namespace."""
    subject = {"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}
    account = {"op": "replace", "path": "/subjects/0", "value": subject}
    arguments = [
        {"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": argument}
        for argument in _ARGUMENTS[name]
    ]
    # Upstream's image names this user itself; ours holds a program and nothing else.
    pod = {"serviceAccountName": name, "securityContext": {"runAsUser": 65534, "fsGroup": 1337}}
    own = [
        {"op": "add", "path": f"/spec/template/spec/{field}", "value": value} for field, value in pod.items()
    ]
    return {
        **_kustomization(["config/crd", "config/rbac", "config/manager", "service-account.yaml"]),
        "namespace": NAMESPACE,
        "images": [{"name": f"fluxcd/{name}", "newName": f"ghcr.io/fluxcd/{name}", "newTag": f"v{version}"}],
        "patches": [
            {"target": {"kind": "RoleBinding"}, "patch": yaml.safe_dump([account])},
            {"target": {"kind": "ClusterRoleBinding"}, "patch": yaml.safe_dump([account])},
            {"target": {"kind": "Deployment"}, "patch": yaml.safe_dump([*own, *arguments])},
        ],
    }


def _kustomization(resources: list[str]) -> dict[str, Any]:
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": resources}


def _files(config: Path) -> dict[str, str]:
    """A module's manifests; copies, because Go's folder cannot be written and its name has an @ in it."""
    folders = ("crd", "rbac", "manager")
    found = (path for folder in folders for path in (config / folder).rglob("*.yaml"))
    return {str(Path("config") / path.relative_to(config)): path.read_text() for path in found}


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
