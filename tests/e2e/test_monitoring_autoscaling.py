"""Load moves the replicas of a model: metrics-server measures, the autoscaler decides, the status tells."""

from collections.abc import Iterator
from typing import Final

import pytest
from iris_local_cluster import cluster
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.up import models, run

from tests.e2e.prometheus import eventually
from tests.e2e.stage import UpRun
from tests.e2e.traffic import Traffic

pytestmark = pytest.mark.e2e

NAME: Final = "busy"
HOST: Final = "busy.kube.two.inc"
NAMESPACE: Final = ("--namespace", models.NAMESPACE)


@pytest.fixture
def busy(up_run: UpRun) -> Iterator[Kubectl]:
    """From one pod to two, at a fifth of the processor time that a pod asks for."""
    up_run.kubectl.apply(
        {
            "apiVersion": "serving.two.inc/v1alpha1",
            "kind": "IrisModel",
            "metadata": {"name": NAME, "namespace": models.NAMESPACE},
            "spec": {
                "version": run.SECOND,
                "image": {"repository": f"{cluster.REGISTRY}/iris-server", "pullPolicy": "Always"},
                "autoscaling": {"minReplicas": 1, "maxReplicas": 2, "targetCPUUtilizationPercentage": 20},
                "route": {"host": HOST, "className": "traefik"},
            },
        }
    )
    try:
        yield up_run.kubectl
    finally:
        up_run.kubectl.run("delete", "irismodel", NAME, *NAMESPACE)


def test_load_moves_the_replicas_and_the_status_tells(up_run: UpRun, busy: Kubectl) -> None:
    def ready() -> int:
        return int(busy.read("irismodel", NAME, *NAMESPACE).get("status", {}).get("readyReplicas", 0))

    def measured() -> object:
        return busy.read("horizontalpodautoscaler", NAME, *NAMESPACE).get("status")

    eventually(lambda: ready() == 1, ready, seconds=120)
    with Traffic(up_run.cluster.ingress, HOST, pause_seconds=0):
        eventually(lambda: ready() == 2, measured, seconds=180)
