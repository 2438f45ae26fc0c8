"""The objects of release 0.1.0 under this operator, and back again: the same pods all the while."""

import copy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from iris_operator.observe import ownership

from tests.harness import kubelet, operator_process
from tests.harness.kubernetes import Cluster, Manifest, eventually
from tests.operator import upgrades

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

    from tests.cluster.conftest import Iris
    from tests.harness.kubelet import Kubelet

pytestmark = pytest.mark.cluster

CASES = {case.name: case for case in upgrades.golden()}


def as_written(child: Manifest, model: Manifest) -> Manifest:
    """As that release would have written it for this very model: its uid, its namespace, its intent."""
    body = copy.deepcopy(child)
    body["metadata"]["namespace"] = model["metadata"]["namespace"]
    body["metadata"]["ownerReferences"][0]["uid"] = model["metadata"]["uid"]
    del body["metadata"]["annotations"][ownership.INTENT]
    return ownership.stamp(body)


async def ready_pods(cluster: Cluster) -> set[str]:
    return {
        pod["metadata"]["uid"]
        for pod in await cluster.list("Pod")
        if any(
            row["type"] == "Ready" and row["status"] == "True" for row in pod["status"].get("conditions", ())
        )
    }


async def test_an_upgrade_and_the_way_back_keep_every_pod(
    api_server: "ApiServer", cluster: Cluster, iris: "Iris", pods: "Kubelet", tmp_path: Path
) -> None:
    case = CASES["0.1.0/routed"]
    pods.set(case.spec["version"], kubelet.serving("127.0.88.1"))
    model = await iris.declare(**case.spec)
    old = [as_written(dict(child), model) for child in case.children]
    for child in old:
        await cluster.apply(child, manager="iris-operator")
    serving = await eventually(
        lambda: ready_pods(cluster), lambda found: len(found) == case.spec["replicas"], within=60
    )
    before = (await cluster.get("Deployment", "iris"))["metadata"]["generation"]

    with operator_process.running(api_server.kubeconfig, tmp_path, namespaces=cluster.namespace):
        await eventually(iris.status, lambda status: status["observedGeneration"] == 1, within=120)
        await eventually(iris.status, lambda status: status["readyReplicas"] == 3, within=120)
    upgraded = (await cluster.get("Deployment", "iris"))["metadata"]["generation"]
    for child in old:
        await cluster.apply(child, manager="iris-operator")

    assert upgraded == before
    assert (await cluster.get("Deployment", "iris"))["metadata"]["generation"] == before
    assert await ready_pods(cluster) == serving
    assert len(await cluster.list("ReplicaSet")) == 1
