"""Prometheus by its operator, metrics-server, and Grafana where its image can be pulled.

Stage: after the first prediction, which it never delays: on the native node all of it is compiled first.
"""

import secrets
from pathlib import Path

from iris_local_cluster import golang, paths
from iris_local_cluster.cluster import Cluster
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.progress import Progress

NAMESPACE = "monitoring"
MANIFESTS = paths.PROJECT / "clusters" / "local" / "monitoring"
PROGRAMS = ("prometheus", "prometheus-operator", "prometheus-config-reloader", "metrics-server")
# What the operator looks for before it keeps a Prometheus; the other kinds nobody uses here.
_API = ("prometheuses", "servicemonitors", "podmonitors", "probes", "prometheusrules")
_OPERATOR = "github.com/prometheus-operator/prometheus-operator"


def bring_up(cluster: Cluster, kubectl: Kubectl, progress: Progress) -> None:
    cluster.provide(PROGRAMS, progress)
    with progress.step("Install Prometheus and metrics-server") as step:
        files = [f"--filename={file}" for file in api()]
        kubectl.run("apply", "--server-side", "--force-conflicts", *files)
        kubectl.run("wait", "--for=condition=Established", "--timeout=60s", *files)
        kubectl.apply_folder(MANIFESTS)
        step.note("waiting for them to be ready")
        kubectl.rolled_out("deployment", "prometheus-operator", namespace=NAMESPACE)
        kubectl.rolled_out("deployment", "metrics-server", namespace="kube-system")
        available = ("wait", "--for=condition=Available", "--timeout=180s")
        kubectl.run(*available, "prometheus/prometheus", f"--namespace={NAMESPACE}")
        if not cluster.pulls:
            step.result("no Grafana: this node cannot pull its image, a kind cluster can")
    if cluster.pulls:
        _grafana(kubectl, progress)


def api() -> list[Path]:
    """The CRDs, from the very module that the operator is built from."""
    folder = paths.GO_MODULES / "prometheus-operator"
    source = golang.source(golang.toolchain(folder, program=golang.find()), folder, _OPERATOR)
    return [
        source / "example" / "prometheus-operator-crd" / f"monitoring.coreos.com_{kind}.yaml" for kind in _API
    ]


def _grafana(kubectl: Kubectl, progress: Progress) -> None:
    with progress.step("Install Grafana") as step:
        if not kubectl.succeeds("get", "secret/grafana-admin", f"--namespace={NAMESPACE}"):
            kubectl.apply(
                {
                    "apiVersion": "v1",
                    "kind": "Secret",
                    "metadata": {"name": "grafana-admin", "namespace": NAMESPACE},
                    "stringData": {"password": secrets.token_urlsafe(24)},
                }
            )
        kubectl.apply_folder(MANIFESTS / "grafana")
        step.note("pulling its image")
        kubectl.rolled_out("deployment", "grafana", namespace=NAMESPACE, seconds=600)
