"""Prometheus (by its operator), metrics-server, and Grafana if its image can be pulled.

It comes last, because a native node compiles all of it the first time. Flux applies its objects from Git;
this module provides their images and their CRDs, which no commit contains.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iris_local_cluster import paths
from iris_local_cluster.cluster import Cluster
from iris_local_cluster.images import project_images
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.programs import binaries, golang
from iris_local_cluster.progress import Progress

NAMESPACE = "monitoring"
STEP = "monitoring"
"""The Kustomization that applies it."""
MANIFESTS = paths.PROJECT / "clusters" / "local" / "monitoring"
GRAFANA = paths.PROJECT / "clusters" / "local" / "grafana"
PROGRAMS = ("prometheus", "prometheus-operator", "prometheus-config-reloader", "metrics-server")
# The kinds that Prometheus Operator needs to run a Prometheus; the others are not used here.
_API = ("prometheuses", "servicemonitors", "podmonitors", "probes", "prometheusrules")
_OPERATOR = "github.com/prometheus-operator/prometheus-operator"
_UNPULLED = ("ErrImagePull", "ImagePullBackOff")
_MINUTES = 5


def install_api(kubectl: Kubectl, progress: Progress) -> None:
    """Before Flux: the operator's chart and each model contain monitors and rules."""
    with progress.step("Install the monitoring API"):
        kubectl.apply_crds(api())


def api() -> list[Path]:
    """The CRDs, from the Go module that Prometheus Operator is built from."""
    source = golang.source(paths.GO_MODULES / "prometheus-operator", _OPERATOR)
    return [
        source / "example" / "prometheus-operator-crd" / f"monitoring.coreos.com_{kind}.yaml" for kind in _API
    ]


def provide_early(cluster: Cluster, progress: Progress) -> None:
    """Load what is compiled while Flux works: without a network, a pull fails only after a minute."""
    if binaries.built(PROGRAMS):
        cluster.provide(PROGRAMS, progress)


def bring_up(cluster: Cluster, kubectl: Kubectl, progress: Progress) -> None:
    cluster.provide(PROGRAMS, progress)
    with progress.step("Wait for Flux to apply Prometheus and metrics-server") as step:
        _hurry(kubectl)
        _ready(kubectl, STEP)
        step.note("waiting for Prometheus")
        _wait(kubectl, "Available", "prometheus/prometheus", NAMESPACE)
        if not cluster.pulls:
            step.result("without Grafana: this node cannot pull its image (kind can)")
    if cluster.pulls:
        _grafana(kubectl, progress)


def _hurry(kubectl: Kubectl) -> None:
    """Restart pods that were refused their image: kubelet would retry only after minutes."""
    for pod in kubectl.read("pods", "--all-namespaces", "--field-selector=status.phase=Pending")["items"]:
        if waits_for_our_image(pod):
            where = f"--namespace={pod['metadata']['namespace']}"
            kubectl.run("delete", "pod", pod["metadata"]["name"], where, "--wait=false", "--ignore-not-found")


def waits_for_our_image(pod: Mapping[str, Any]) -> bool:
    """Only our own images: a model whose image does not exist must keep failing visibly."""
    ours = {image.reference for image in project_images.BASE_IMAGES if image.program in PROGRAMS}
    status = pod["status"]
    containers = [*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())]
    return any(
        each["image"] in ours and each["state"].get("waiting", {}).get("reason") in _UNPULLED
        for each in containers
    )


def _grafana(kubectl: Kubectl, progress: Progress) -> None:
    with progress.step("Wait for Flux to apply Grafana") as step:
        if not kubectl.succeeds("get", "secret/grafana-admin", f"--namespace={NAMESPACE}"):
            kubectl.apply(
                {
                    "apiVersion": "v1",
                    "kind": "Secret",
                    "metadata": {"name": "grafana-admin", "namespace": NAMESPACE},
                    "stringData": {"password": secrets.token_urlsafe(24)},
                }
            )
        kubectl.run("apply", "--server-side", f"--filename={GRAFANA / 'sync.yaml'}")
        step.note("pulling its image")
        _ready(kubectl, "grafana")


def _ready(kubectl: Kubectl, step: str) -> None:
    _wait(kubectl, "Ready", f"kustomization.kustomize.toolkit.fluxcd.io/{step}", "flux-system")


def _wait(kubectl: Kubectl, condition: str, what: str, namespace: str) -> None:
    seconds = _MINUTES * 60
    limit = f"--timeout={seconds}s"
    kubectl.run(
        "wait", f"--for=condition={condition}", what, f"--namespace={namespace}", limit, seconds=seconds + 10
    )


def next_steps(port: str, *, grafana: bool) -> str:
    """The pages to open, one per line."""
    lines = [f"  http://prometheus.localhost:{port}/api/v1/alerts"]
    if grafana:
        shown = "secret grafana-admin -o go-template='{{.data.password | base64decode}}'"
        lines += [
            f"  http://grafana.localhost:{port}  # user admin; this prints the password:",
            f"  kubectl -n {NAMESPACE} get {shown}",
        ]
    return "\n".join(lines)
