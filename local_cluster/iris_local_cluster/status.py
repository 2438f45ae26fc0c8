"""`make status`: what runs and what serves, in the words of the tools that a user would ask."""

import sys

from iris_local_cluster import environment
from iris_local_cluster.cluster import Cluster
from iris_local_cluster.kubectl import Kubectl

_STOPPED = 3

_QUESTIONS = (
    ("get", "nodes"),
    ("get", "pods", "--all-namespaces"),
    ("get", "irismodels", "--all-namespaces", "--output=wide"),
)


def show(cluster: Cluster) -> int:
    """0 when it runs, 3 (as init scripts say it) when it does not."""
    if not cluster.running():
        sys.stdout.write(f"cluster {cluster.name}: does not run (make up starts it)\n")
        return _STOPPED
    sys.stdout.write(f"cluster {cluster.name}: {cluster.describe()}\ningress: http://{cluster.ingress}\n")
    kubectl = Kubectl(environment.kubeconfig(cluster.name))
    for question in _QUESTIONS:
        command = f"$ kubectl {' '.join(question)}"
        answer = kubectl.run(*question, seconds=20) if kubectl.succeeds(*question) else "(no answer yet)\n"
        sys.stdout.write(f"\n{command}\n{answer or '(none)'}")
    return 0
