"""`clusters/local`: what Git declares for this machine's cluster agrees with what `make up` brings there."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from iris_local_cluster import paths
from iris_local_cluster.cluster import REGISTRY
from iris_local_cluster.flux import flux_status, installation, repository
from iris_local_cluster.images import project_images
from iris_local_cluster.native import layout
from iris_local_cluster.up import certificates, models, monitoring, run

_LOCAL = paths.PROJECT / "clusters" / "local"


@cache
def built(folder: str) -> tuple[dict[str, Any], ...]:
    command = [
        str(paths.SCRIPTS / "kubectl"),
        *("kustomize", "--load-restrictor=LoadRestrictionsNone", str(_LOCAL / folder)),
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return tuple(yaml.safe_load_all(answer.stdout))


def one(folder: str, kind: str, name: str) -> dict[str, Any]:
    [found] = [each for each in built(folder) if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def test_flux_follows_the_repository_that_the_git_server_has() -> None:
    source = one("", "GitRepository", "flux-system")
    service = one("infrastructure", "Service", "git-server")

    host = f"{service['metadata']['name']}.{service['metadata']['namespace']}"
    assert source["spec"]["url"] == f"http://{host}/iris.git"
    assert service["metadata"]["namespace"] == repository.NAMESPACE


def test_make_up_waits_for_every_step_that_git_declares() -> None:
    steps = {each["metadata"]["name"] for each in built("") if each["kind"] == "Kustomization"}

    assert set(flux_status.ORDER) == steps - {monitoring.STEP}


def test_flux_applies_its_own_source_and_kustomization() -> None:
    kept = {(each["kind"], each["metadata"]["name"]) for each in built("")}

    assert {(each["kind"], each["metadata"]["name"]) for each in built("flux-system")} <= kept
    assert installation.SYNC == _LOCAL / "flux-system"


def test_make_up_begins_with_the_version_in_git() -> None:
    assert repository.version_of((paths.PROJECT / repository.VERSION).read_text()) == run.FIRST
    assert one("models", "IrisModel", models.NAME)["spec"]["version"] == run.FIRST


def test_the_model_is_always_pulled_from_the_local_registry() -> None:
    declared = one("models", "IrisModel", models.NAME)["spec"]

    assert declared["image"] == {"repository": f"{REGISTRY}/iris-server", "pullPolicy": "Always"}
    assert declared["route"]["host"] == run.HOST


def test_browsers_find_the_model_by_its_localhost_name() -> None:
    [rule] = one("infrastructure", "Ingress", "iris-localhost")["spec"]["rules"]

    assert rule["host"] == "iris.localhost"
    assert rule["http"]["paths"][0]["backend"]["service"]["name"] == models.NAME


def test_the_certificate_of_the_ingress_has_every_host_of_this_cluster() -> None:
    folders = ("infrastructure", "monitoring", "grafana")
    ingresses = [each for folder in folders for each in built(folder) if each["kind"] == "Ingress"]
    hosts = {rule["host"] for each in ingresses for rule in each["spec"]["rules"]} | {run.HOST}

    assert {host for host in hosts if not host.endswith(".kube.two.inc")} <= set(certificates.HOSTS)
    assert "*.kube.two.inc" in certificates.HOSTS


def test_an_ingress_names_the_secret_with_the_certificate() -> None:
    ingress = one("infrastructure", "Ingress", "iris-localhost")

    assert ingress["spec"]["tls"] == [{"hosts": ["iris.localhost"], "secretName": certificates.SECRET}]
    assert ingress["metadata"]["namespace"] == models.NAMESPACE


def test_the_git_server_has_two_host_names() -> None:
    rules = one("infrastructure", "Ingress", "git-server")["spec"]["rules"]

    assert {rule["host"] for rule in rules} == {"git.localhost", "git.kube.two.inc"}


def test_commits_are_kept_in_the_state_folder() -> None:
    volumes = one("infrastructure", "Deployment", "git-server")["spec"]["template"]["spec"]["volumes"]

    [kept] = [each["hostPath"]["path"] for each in volumes if "hostPath" in each]
    assert kept in layout.PLACES.values()


@pytest.mark.parametrize(
    ("name", "image"), [("traefik", project_images.TRAEFIK), ("git-server", project_images.GIT_SERVER)]
)
def test_traefik_and_the_git_server_run_the_images_that_are_built_for_them(name: str, image: str) -> None:
    [container] = one("infrastructure", "Deployment", name)["spec"]["template"]["spec"]["containers"]

    assert container["image"] == image


def test_the_operator_is_the_chart_of_the_same_commit_with_the_image_that_was_pushed() -> None:
    release = one("operator", "HelmRelease", "iris-operator")["spec"]

    chart = release["chart"]["spec"]
    assert (paths.PROJECT / chart["chart"] / "Chart.yaml").is_file()
    assert chart["reconcileStrategy"] == "Revision"
    assert chart["sourceRef"]["name"] == one("", "GitRepository", "flux-system")["metadata"]["name"]
    assert release["install"]["crds"] == release["upgrade"]["crds"] == "Skip"
    assert release["driftDetection"] == {"mode": "enabled"}
    assert release["values"]["image"] == {"repository": f"{REGISTRY}/iris-operator"}
    assert release["valuesFrom"] == [{"kind": "ConfigMap", "name": "operator-image"}]
    assert "OCIRepository" not in {each["kind"] for each in built("operator")}


@pytest.mark.parametrize(
    "file", sorted(_LOCAL.rglob("kustomization.yaml")), ids=lambda file: str(file.relative_to(_LOCAL.parent))
)
def test_every_file_of_a_folder_is_in_its_kustomization(file: Path) -> None:
    listed = {(file.parent / name).resolve() for name in yaml.safe_load(file.read_text())["resources"]}

    # version.yaml belongs to models, in every environment.
    there = {path for path in file.parent.glob("*.yaml") if path.name not in {file.name, "version.yaml"}}

    assert all(path.exists() for path in listed)
    assert there <= listed
