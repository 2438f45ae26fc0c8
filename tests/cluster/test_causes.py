"""Each cause that keeps a model from working, made for real: `iris why` has the words of the status."""

from typing import TYPE_CHECKING

import pytest

from tests.cluster.conftest import condition
from tests.harness.kubelet import Kubelet
from tests.harness.kubernetes import Cluster, eventually

if TYPE_CHECKING:
    from tests.cluster.conftest import Iris
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster


async def test_an_autoscaler_without_metrics_is_in_the_status_of_a_model_that_serves(
    operator: "OperatorProcess", cluster: Cluster, iris: "Iris", pods: Kubelet
) -> None:
    """No metrics-server runs here."""
    await iris.declare(autoscaling={"minReplicas": 2, "maxReplicas": 3})

    await iris.reaches("Serving")

    status = await eventually(iris.status, lambda found: bool(condition(found, "AutoscalingReady")))
    found = condition(status, "AutoscalingReady")
    assert (found["status"], found["reason"]) == ("False", "ScalingInactive")
    assert "FailedGetContainerResourceMetric" in found["message"]
    assert condition(status, "Ready")["status"] == "True"


async def test_a_route_is_ready_only_once_its_class_exists(
    operator: "OperatorProcess", cluster: Cluster, iris: "Iris"
) -> None:
    route = {"host": f"{cluster.namespace}.test", "className": cluster.namespace}
    await iris.declare(route=route)

    status = await eventually(iris.status, lambda found: bool(condition(found, "RouteReady")))
    missing = condition(status, "RouteReady")
    ingress_class = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": cluster.namespace},
        "spec": {"controller": "example.com/nobody"},
    }
    await cluster.create(ingress_class)
    try:
        status = await eventually(
            iris.status, lambda found: condition(found, "RouteReady").get("status") == "True", within=90
        )
    finally:
        await cluster.delete("IngressClass", cluster.namespace)

    assert (missing["status"], missing["reason"]) == ("False", "IngressClassNotFound")
    assert f"found no IngressClass {cluster.namespace}" in missing["message"]
    assert "no ingress controller has published an address" in condition(status, "RouteReady")["message"]
