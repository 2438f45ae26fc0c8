"""Builds and pushes a version: server and model in one image, or apart for `spec.artifact`."""

from iris_local_cluster import paths
from iris_local_cluster.cluster import REGISTRY, Cluster
from iris_local_cluster.images import project_images
from iris_local_cluster.progress import Progress


def together(cluster: Cluster, version: str, progress: Progress, *, replace: bool = True) -> None:
    """`make up` replaces its two versions, since the code of the server may have changed since."""
    with progress.step(f"Publish iris-server:{version}"):
        # Built again if necessary: a first cluster takes minutes, and all clones share the image store.
        image = project_images.build_server(version, paths.ARTIFACTS, progress)
        project_images.push(image, cluster.registry, progress, replace=replace)


def apart(cluster: Cluster, version: str, progress: Progress, *, replace: bool) -> str:
    """The model, and the server without one; the lines that declare both."""
    with progress.step(f"Publish iris-model:{version}"):
        model = project_images.build_model(version, paths.ARTIFACTS, progress)
        server = project_images.build_bare_server(progress)
        project_images.push(model, cluster.registry, progress, replace=replace)
        project_images.push(server, cluster.registry, progress)  # its tag is the digest of its content
    return f"""\
spec:
  version: {version}
  image: {{repository: {REGISTRY}/{server.name}, tag: {server.tag}}}
  artifact: {{image: {{repository: {REGISTRY}/{model.name}}}}}
"""
