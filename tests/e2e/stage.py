"""What the e2e tests share: the cluster that `up` left, and how the command line is called."""

import sys
from dataclasses import dataclass

from iris_local_cluster import loopback
from iris_local_cluster.cluster import Cluster
from iris_local_cluster.kubectl import Kubectl

NAME = "e2e"


@dataclass(frozen=True, slots=True)
class Told:
    """The cluster that `up` left running, and what it said."""

    cluster: Cluster
    kubectl: Kubectl
    output: str
    progress: str


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "iris_local_cluster", *arguments]


def free_port() -> int:
    with loopback.listen(0) as listener:
        port: int = listener.getsockname()[1]
        return port
