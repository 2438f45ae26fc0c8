"""Flux's controllers as they are installed: upstream's names, an account each, all in one namespace."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from iris_local_cluster import paths
from iris_local_cluster.flux import installation
from iris_local_cluster.images import project_images
from iris_local_cluster.programs import binaries

# A module's own manifests, as far as they are changed.
_MODULE = {
    "crd/kustomization.yaml": "resources: []",
    "rbac/kustomization.yaml": "resources: [binding.yaml]",
    "rbac/binding.yaml": """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: manager}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: manager}
subjects: [{kind: ServiceAccount, name: default, namespace: system}]
""",
    "manager/kustomization.yaml": "resources: [deployment.yaml]",
    "manager/deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  template:
    spec: {containers: [{name: manager, image: fluxcd/NAME, args: [--enable-leader-election]}]}
""",
}


def built(name: str, folder: Path) -> dict[str, dict[str, Any]]:
    files = {f"config/{file}": text.replace("NAME", name) for file, text in _MODULE.items()}
    files |= installation.own(name, binaries.FLUX_VERSIONS[name])
    for file, text in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text)
    command = [str(paths.SCRIPTS / "kubectl"), "kustomize", str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return {each["kind"]: each for each in yaml.safe_load_all(answer.stdout)}


@pytest.mark.parametrize("name", installation.CONTROLLERS)
def test_a_controller_runs_the_image_that_the_node_has_under_an_account_of_its_own(
    name: str, tmp_path: Path
) -> None:
    found = built(name, tmp_path)

    pod = found["Deployment"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] in {image.reference for image in project_images.BASE_IMAGES}
    assert pod["securityContext"]["runAsUser"] == 65534
    assert pod["serviceAccountName"] == found["ServiceAccount"]["metadata"]["name"] == name
    assert found["ClusterRoleBinding"]["subjects"] == [
        {"kind": "ServiceAccount", "name": name, "namespace": installation.NAMESPACE}
    ]
    assert {each["metadata"].get("namespace", "") for each in found.values()} == {installation.NAMESPACE, ""}


@pytest.mark.parametrize("name", installation.CONTROLLERS)
def test_flux_rechecks_dependencies_within_seconds(name: str, tmp_path: Path) -> None:
    container = built(name, tmp_path)["Deployment"]["spec"]["template"]["spec"]["containers"][0]

    assert container["args"][0] == "--enable-leader-election"
    assert "--requeue-dependency=2s" in container["args"]


def test_only_a_kustomization_gives_up_its_health_check_for_a_newer_commit(tmp_path: Path) -> None:
    """In helm-controller any further reconciliation would end an installation that has just begun."""
    gated = []
    for name in installation.CONTROLLERS:
        container = built(name, tmp_path / name)["Deployment"]["spec"]["template"]["spec"]["containers"][0]
        if "--feature-gates=CancelHealthCheckOnNewRevision=true" in container["args"]:
            gated.append(name)

    assert gated == ["kustomize-controller"]
