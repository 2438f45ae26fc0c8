"""What the rest needs of a cluster, whichever way it runs: one interface, two implementations."""

from collections.abc import Collection, Sequence
from typing import Protocol

from iris_local_cluster.progress import Progress

REGISTRY = "registry.local:5000"
"""The registry's name inside every cluster; only the node's containerd knows it."""


class Cluster(Protocol):
    """A Kubernetes on this machine."""

    @property
    def name(self) -> str: ...

    @property
    def ingress(self) -> str:
        """`127.0.0.1:<port>`: where the host reaches the cluster's ingress."""
        ...

    @property
    def registry(self) -> str:
        """`127.0.0.1:<port>`: where the host pushes what the cluster pulls from `registry.local:5000`."""
        ...

    def require(self, progress: Progress) -> None:
        """Say what this machine lacks, before anything long is begun."""
        ...

    def programs(self) -> Sequence[str]:
        """What is built from source for it, in the order of need."""
        ...

    def create(self, progress: Progress) -> None:
        """Make it run and its node Ready; goes on from whatever an earlier run left."""
        ...

    def provide(self, programs: Collection[str], progress: Progress) -> None:
        """Have the images of these programs at hand, for pods that are to come."""
        ...

    @property
    def pulls(self) -> bool:
        """Whether its pods may run images of the world's registries."""
        ...

    def delete(self) -> bool:
        """Remove it without a trace; False when there was nothing."""
        ...

    def running(self) -> bool: ...

    def describe(self) -> str:
        """One line: what kind, since when, where."""
        ...

    def kubeconfig(self) -> str:
        """The administrator's kubeconfig, to be used on the host."""
        ...

    def entered(self, command: Sequence[str]) -> list[str]:
        """The command line that runs a command of the host inside the node's network."""
        ...

    def ingress_inside(self) -> str:
        """`host:port` of the ingress as seen from inside the node's network."""
        ...
