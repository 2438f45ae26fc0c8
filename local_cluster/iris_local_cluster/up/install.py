"""Installs what Flux needs before it can apply the rest: our images, the Git server and Flux."""

import tomllib

from iris_local_cluster import paths
from iris_local_cluster.cluster import Cluster
from iris_local_cluster.flux import installation as controllers
from iris_local_cluster.flux import repository
from iris_local_cluster.flux.repository import Repository
from iris_local_cluster.images import project_images
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.progress import Progress
from iris_local_cluster.up import certificates, environment, models

_OPERATOR = "iris-system"


def build_images(progress: Progress) -> None:
    """Build our images while programs are being compiled."""
    project_images.build_operator(_version(), progress)
    project_images.build_git_server(progress)


def operator_image(cluster: Cluster, kubectl: Kubectl, progress: Progress) -> None:
    """Build it from this checkout, push it, and write its digest where the HelmRelease reads it."""
    image = project_images.build_operator(_version(), progress)
    digest = project_images.push(image, cluster.registry, progress)
    kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _OPERATOR}})
    kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": "operator-image",
                "namespace": _OPERATOR,
                # helm-controller then upgrades the release as soon as it changes.
                "labels": {"reconcile.fluxcd.io/watch": "Enabled"},
            },
            "data": {"values.yaml": f"image: {{digest: '{digest}'}}\n"},
        }
    )


def tls(cluster: Cluster, kubectl: Kubectl, progress: Progress) -> None:
    """Make the ingress's certificate and put it where an Ingress names it; no commit may have its key."""
    folder = paths.cluster(cluster.name) / "tls"
    with progress.step("Make the certificate of the ingress") as step:
        if not certificates.ensure(folder):
            step.cached(f"valid until {certificates.end(folder)}")
        authority = environment.authority(cluster.name)
        authority.write_bytes(certificates.authority(folder).read_bytes())
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": models.NAMESPACE}}
        kubectl.apply(namespace, certificates.secret(folder, models.NAMESPACE))


def git(cluster: Cluster, kubectl: Kubectl, progress: Progress) -> tuple[Repository, str]:
    """Start the Git server and push this checkout's HEAD; returns the repository and its revision."""
    image = project_images.build_git_server(progress)
    project_images.push(image, cluster.registry, progress)
    with progress.step("Start the Git server"):
        repository.serve(kubectl)
    with progress.step("Push this checkout to iris.git") as step:
        found = Repository.of(kubectl, paths.cluster(cluster.name) / "clone")
        commit = found.take(paths.PROJECT)
        left = repository.uncommitted(paths.PROJECT)
        step.result(f"{commit[:8]}{f' ({left} uncommitted files are not included)' if left else ''}")
        return found, commit


def flux(cluster: Cluster, kubectl: Kubectl, progress: Progress) -> None:
    with progress.step("Install Flux") as step:
        cluster.provide(controllers.CONTROLLERS, progress)
        controllers.install(kubectl, paths.cluster(cluster.name) / "manifests" / "flux", step)
        controllers.follow(kubectl)


def _version() -> str:
    project = tomllib.loads((paths.PROJECT / "operator" / "pyproject.toml").read_text())
    return str(project["project"]["version"])
