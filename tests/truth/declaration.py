"""The model that `make truth` declares, and the strategies with which it changes. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from iris_local_cluster.up import models

NAME: Final = "truth"
HOST: Final = f"{NAME}.kube.two.inc"
IMMEDIATE: Final = "immediate"

_INGRESS: Final = {"type": "Ingress", "host": HOST, "className": "traefik"}
_GATEWAY: Final = {"type": "Gateway", "host": HOST, "gateway": {"name": "traefik", "namespace": "traefik"}}
# Short steps. Every request has the same row, so `shift` has nothing to compare; on a busy machine `slow`
# measures the machine.
_STEPS: Final[Mapping[str, Any]] = {
    "strategy": "Canary",
    "steps": [20, 50],
    "stepSeconds": 5,
    "decideSeconds": 120,
    "gates": {"failedPerMille": 100, "refusedPerMille": 1000, "slowPerMille": 1000, "shiftPerMille": 1000},
}
# At 20 requests a second each step has at least 2,000: the first by its length, the last since `failed` needs
# 1,000 of the candidate to pass at 4 per 1,000.
_LONG_STEPS: Final[Mapping[str, Any]] = {
    **_STEPS,
    "stepSeconds": 90,
    "decideSeconds": 600,
    "gates": {**_STEPS["gates"], "failedPerMille": 4},
}
STRATEGIES: Final[Mapping[str, Mapping[str, Any]]] = {
    IMMEDIATE: {"route": _INGRESS},
    "canary": {"route": _INGRESS, "rollout": {"strategy": "Canary"}},
    "steps": {"route": _GATEWAY, "rollout": _STEPS},
    "long-steps": {"route": _GATEWAY, "rollout": _LONG_STEPS},
}


def model(version: str, strategy: str) -> dict[str, Any]:
    return {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "metadata": {"name": NAME, "namespace": models.NAMESPACE},
        "spec": {
            "version": version,
            "image": {"repository": "registry.local:5000/iris-server"},
            "replicas": 2,
            "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}},
            **STRATEGIES[strategy],
        },
    }
