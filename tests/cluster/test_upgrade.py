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

[CASE] = [case for case in upgrades.golden() if case.name == "0.1.0/routed"]


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


async def released(cluster: Cluster, iris: "Iris", pods: "Kubelet") -> list[Manifest]:
    """A model as release 0.1.0 made it, with its pods; returns what that release wrote."""
    pods.set(CASE.spec["version"], kubelet.serving("127.0.88.1"))
    model = await iris.declare(**CASE.spec)
    old = [as_written(dict(child), model) for child in CASE.children]
    for child in old:
        await cluster.apply(child, manager="iris-operator")
    await eventually(
        lambda: ready_pods(cluster), lambda found: len(found) == CASE.spec["replicas"], within=60
    )
    return old


async def test_an_upgrade_and_the_way_back_keep_every_pod(
    api_server: "ApiServer", cluster: Cluster, iris: "Iris", pods: "Kubelet", tmp_path: Path
) -> None:
    old = await released(cluster, iris, pods)
    serving = await ready_pods(cluster)
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


async def test_the_newest_pod_template_comes_with_the_change_of_the_spec_that_replaces_the_pods(
    api_server: "ApiServer", cluster: Cluster, iris: "Iris", pods: "Kubelet", tmp_path: Path
) -> None:
    await released(cluster, iris, pods)
    serving = await ready_pods(cluster)
    before = (await cluster.get("Deployment", "iris"))["spec"]["template"]
    more = {**CASE.spec, "replicas": CASE.spec["replicas"] + 1}
    price = [{"name": "PRICE", "value": "$(IRIS_MODEL_NAME) costs $$5"}]

    with operator_process.running(api_server.kubeconfig, tmp_path, namespaces=cluster.namespace):
        await iris.declare(**more)
        scaled = await eventually(
            lambda: ready_pods(cluster), lambda found: len(found) == more["replicas"], within=60
        )
        kept = (await cluster.get("Deployment", "iris"))["spec"]["template"]
        await iris.declare(**more, env=price)
        changed = await eventually(
            lambda: cluster.get("Deployment", "iris"), lambda body: body["spec"]["template"] != kept
        )

    assert kept == before
    assert serving < scaled
    template = changed["spec"]["template"]
    assert template["metadata"]["annotations"] == {"kubectl.kubernetes.io/default-container": "server"}
    assert template["spec"]["containers"][0]["env"][-1]["value"] == "$$(IRIS_MODEL_NAME) costs $$$$5"
