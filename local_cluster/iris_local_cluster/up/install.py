"""What is in a local cluster before Flux brings the rest: our images, the Git server, and Flux itself."""

import tomllib

from iris_local_cluster import paths
from iris_local_cluster.cluster import Cluster
from iris_local_cluster.flux import installation as controllers
from iris_local_cluster.flux import repository
from iris_local_cluster.flux.repository import Repository
from iris_local_cluster.images import project_images
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.progress import Progress

_OPERATOR = "iris-system"


def build_images(progress: Progress) -> None:
    """Early, while programs are compiled beside it."""
    project_images.build_operator(_version(), progress)
    project_images.build_git_server(progress)


def operator_image(cluster: Cluster, kubectl: Kubectl, progress: Progress) -> None:
    """Built from this checkout, pushed, and its digest left where the HelmRelease looks for it."""
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
                # A change of it is a change of the release, at once.
                "labels": {"reconcile.fluxcd.io/watch": "Enabled"},
            },
            "data": {"values.yaml": f"image: {{digest: '{digest}'}}\n"},
        }
    )


def git(cluster: Cluster, kubectl: Kubectl, progress: Progress) -> tuple[Repository, str]:
    """The Git server with what is committed in this checkout; the repository and its revision there."""
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
