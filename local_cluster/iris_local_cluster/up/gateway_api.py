"""The CRDs of Gateway API, from its Go module. Flux applies the Gateway itself, as a part of Traefik."""

from pathlib import Path

from iris_local_cluster import paths
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.programs import golang
from iris_local_cluster.progress import Progress

MODULE = paths.GO_MODULES / "gateway-api"
# What Traefik watches: if one of them is missing, it routes nothing by Gateway API.
_KINDS = (
    "gatewayclasses", "gateways", "httproutes", "grpcroutes", "tlsroutes", "backendtlspolicies",
    "referencegrants",
)  # fmt: skip


def install(kubectl: Kubectl, progress: Progress) -> None:
    """Before Flux: its step infrastructure contains a Gateway."""
    with progress.step("Install the Gateway API"):
        kubectl.apply_crds(crds())


def crds() -> list[Path]:
    """Of the standard channel."""
    source = golang.source(MODULE, "sigs.k8s.io/gateway-api")
    folder = source / "config" / "crd" / "standard"
    return [folder / f"gateway.networking.k8s.io_{kind}.yaml" for kind in _KINDS]
