"""Which kind of cluster this machine gets: one in Docker when its engine answers, else a native node."""

from iris_local_cluster import paths
from iris_local_cluster.cluster import Cluster
from iris_local_cluster.images import image_builders
from iris_local_cluster.kind.cluster import KindCluster
from iris_local_cluster.native import layout, record
from iris_local_cluster.native.node import NativeCluster


def cluster(name: str, *, port: int) -> Cluster:
    """A native node that runs stays the choice, also when Docker was started since."""
    layout.require_name(name)
    if record.load(name) is None and image_builders.docker_answers():
        return KindCluster(name, port)
    return NativeCluster(layout.Layout(name, paths.cluster(name)), port)
