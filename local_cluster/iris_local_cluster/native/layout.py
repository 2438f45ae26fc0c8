"""Names, addresses and folders of one native cluster. Computes only; creates nothing.

Everything a cluster keeps is below its state folder. Inside the node the same folders appear at the
places where Kubernetes looks for them, so the node's files and manifests are the usual ones.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from iris_local_cluster.errors import LocalClusterError

# Each node has an isolated network, so every cluster can use the same addresses.
NODE_ADDRESS = "172.30.0.1"
NODE_PREFIX = 16
POD_SUBNET = "10.244.0.0/24"
SERVICE_SUBNET = "10.96.0.0/16"
DNS_ADDRESS = "10.96.0.10"
API_PORT = 6443
INGRESS_PORT = 80
INGRESS_TLS_PORT = 443
REGISTRY_PORT = 5000

INSIDE = Path("/run/iris")
"""Where the state folder appears inside the node."""
CONTAINERD_SOCKET = Path("/run/containerd/containerd.sock")

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Layout:
    """One cluster's name and state folder."""

    name: str
    state: Path

    @property
    def node_name(self) -> str:
        return f"{self.name}-node"

    @property
    def cgroup(self) -> str:
        return f"iris-local-cluster-{self.name}"

    @property
    def services(self) -> Path:
        return self.state / "services"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def kubernetes(self) -> Path:
        """Seen inside as /etc/kubernetes."""
        return self.state / "kubernetes"

    @property
    def configuration(self) -> Path:
        return self.state / "configuration"


# Folder in the state folder → its path inside the node.
PLACES = {
    "kubernetes": "/etc/kubernetes",
    "cni": "/etc/cni/net.d",
    "kubelet": "/var/lib/kubelet",
    "containerd": "/var/lib/containerd",
    "etcd": "/var/lib/etcd",
    "pods": "/var/log/pods",
    "containers": "/var/log/containers",
    "git": "/var/lib/iris-git",
}


def require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise LocalClusterError(
            f"--name: {name!r}, expected 1 to 30 lower-case letters, digits and dashes, "
            "without a dash at either end"
        )
