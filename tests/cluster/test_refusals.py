"""What a real API server refuses: the rest is made, the status says what is missing, the cure is noticed."""

from typing import TYPE_CHECKING

import pytest

from tests.cluster.conftest import condition
from tests.harness.kubelet import Kubelet
from tests.harness.kubernetes import Cluster, eventually

if TYPE_CHECKING:
    from tests.cluster.conftest import Iris
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster


async def forbid(cluster: Cluster, counted: str) -> None:
    """No object of this kind may be made. Waits until the quota counts."""
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none"},
        "spec": {"hard": {counted: "0"}},
    }
    await cluster.apply(quota)
    await eventually(
        lambda: cluster.get("ResourceQuota", "none"),
        lambda body: counted in body.get("status", {}).get("used", {}),
    )


async def test_a_model_whose_ingress_is_refused_is_ready_and_names_the_refusal(
    operator: "OperatorProcess", cluster: Cluster, iris: "Iris", pods: Kubelet
) -> None:
    await forbid(cluster, "count/ingresses.networking.k8s.io")

    await iris.declare()

    status = await iris.reaches("Serving")
    route = condition(status, "RouteReady")
    assert (route["status"], route["reason"]) == ("False", "ChildRefused")
    assert route["message"].startswith("Ingress iris: 403 ")
    assert "exceeded quota: none" in route["message"]

    await cluster.delete("ResourceQuota", "none")
    await eventually(
        iris.status, lambda found: condition(found, "RouteReady").get("status") == "True", within=90
    )


async def test_a_model_whose_deployment_is_refused_says_so_and_recovers(
    operator: "OperatorProcess", cluster: Cluster, iris: "Iris", pods: Kubelet
) -> None:
    await forbid(cluster, "count/deployments.apps")

    await iris.declare()

    status = await iris.reaches("ChildRefused")
    assert "exceeded quota: none" in condition(status, "Ready")["message"]
    assert condition(status, "Stalled")["status"] == "True"
    assert await cluster.find("Ingress", "iris") is not None

    await cluster.delete("ResourceQuota", "none")
    await iris.reaches("Serving", within=90)


async def test_a_conflict_of_names_is_over_soon_after_its_documented_cure(
    operator: "OperatorProcess", cluster: Cluster, iris: "Iris", pods: Kubelet
) -> None:
    """No watch covers what is not ours."""
    theirs = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "iris"}}
    await cluster.create({**theirs, "spec": {"ports": [{"port": 1234}]}})
    await iris.declare()
    await iris.reaches("ChildConflict")

    await cluster.delete("Service", "iris")

    await eventually(lambda: cluster.find("Service", "iris"), bool, within=30)
    await iris.reaches("Serving")


async def test_characters_of_every_plane_reach_the_pods(
    operator: "OperatorProcess", cluster: Cluster, iris: "Iris"
) -> None:
    await iris.declare(env=[{"name": "FLOWER", "value": "🌸 é"}])

    deployment = await eventually(lambda: cluster.find("Deployment", "iris"), bool)
    assert deployment is not None
    env = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "FLOWER", "value": "🌸 é"} in env
