"""Chooses the kind of cluster: in Docker if its engine answers, otherwise a native node."""

from iris_local_cluster import paths
from iris_local_cluster.cluster import Cluster
from iris_local_cluster.images import image_builders
from iris_local_cluster.kind.cluster import KindCluster
from iris_local_cluster.native import layout, record
from iris_local_cluster.native.node import NativeCluster


def cluster(name: str, *, port: int = 0, tls_port: int = 0) -> Cluster:
    """A running native node is used even if Docker was started later. Only `up` needs the ports."""
    layout.require_name(name)
    if record.load(name) is None and image_builders.docker_answers():
        return KindCluster(name, port, tls_port)
    return NativeCluster(layout.Layout(name, paths.cluster(name)), port, tls_port)
