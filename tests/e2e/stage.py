"""What the e2e tests share: the cluster that `up` left, and how the command line is called."""

import hashlib
import sys
from dataclasses import dataclass

from iris_local_cluster import loopback, paths
from iris_local_cluster.cluster import Cluster
from iris_local_cluster.kubectl import Kubectl

# Of this clone: another one may be tested on the same machine at the same time.
_CLONE = hashlib.sha256(str(paths.PROJECT).encode()).hexdigest()[:6]
NAME = f"e2e-{_CLONE}"


@dataclass(frozen=True, slots=True)
class UpRun:
    """The cluster that `up` left running, and its output."""

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
