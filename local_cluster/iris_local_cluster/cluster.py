"""The interface of a cluster, with two implementations: kind and native."""

from collections.abc import Collection, Sequence
from typing import Protocol

from iris_local_cluster.progress import Progress

REGISTRY = "registry.local:5000"
"""The registry's name inside every cluster; only the node's containerd resolves it."""


class Cluster(Protocol):
    """A Kubernetes on this machine."""

    @property
    def name(self) -> str: ...

    @property
    def ingress(self) -> str:
        """`127.0.0.1:<port>`: where the host reaches the cluster's ingress."""
        ...

    @property
    def tls_ingress(self) -> str:
        """The same with TLS; empty for a cluster that was created before it had this port."""
        ...

    @property
    def registry(self) -> str:
        """`127.0.0.1:<port>`: where the host pushes what the cluster pulls from `registry.local:5000`."""
        ...

    def require(self, progress: Progress) -> None:
        """Report what this machine lacks before any long step starts."""
        ...

    def programs(self) -> Sequence[str]:
        """The programs to build from source, in the order in which they are needed."""
        ...

    def create(self, progress: Progress) -> None:
        """Start it and wait until its node is Ready; continues an interrupted run."""
        ...

    def provide(self, programs: Collection[str], progress: Progress) -> None:
        """Load the images of these programs for later pods."""
        ...

    @property
    def pulls(self) -> bool:
        """Whether its node can pull images from public registries."""
        ...

    def delete(self) -> bool:
        """Remove everything; False if there was nothing."""
        ...

    def running(self) -> bool: ...

    def describe(self) -> str:
        """One line: the kind of cluster and where it runs."""
        ...

    def kubeconfig(self) -> str:
        """The administrator's kubeconfig, for use on the host."""
        ...

    def entered(self, command: Sequence[str]) -> list[str]:
        """The command line that runs a command of the host inside the node's network."""
        ...

    def ingress_inside(self) -> str:
        """`host:port` of the ingress as seen from inside the node's network."""
        ...
