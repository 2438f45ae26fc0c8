"""Status at every stage of a roll-out: what the operator says is what the pods have proven."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.cluster.conftest import Iris, condition
from tests.harness import kubelet
from tests.harness.kubernetes import Cluster, eventually

if TYPE_CHECKING:
    from tests.harness.kubelet import Kubelet
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster


async def test_a_new_model_is_ready_once_its_pods_prove_the_version(
    operator: "OperatorProcess", iris: Iris, pods: "Kubelet"
) -> None:
    await iris.declare("1.0.0")

    status = await iris.reaches("Serving")

    assert status["servingVersion"] == "1.0.0"
    assert status["modelDigest"].startswith("sha256:")
    assert (status["replicas"], status["readyReplicas"]) == (2, 2)
    assert condition(status, "Ready")["status"] == condition(status, "Available")["status"] == "True"
    assert not condition(status, "Reconciling")
    assert not condition(status, "Stalled")
    assert status["history"][0]["outcome"] == "Serving"


async def test_the_old_version_serves_until_the_new_one_is_proven(
    operator: "OperatorProcess", cluster: Cluster, iris: Iris, pods: "Kubelet"
) -> None:
    await iris.declare("1.0.0")
    await iris.reaches("Serving")
    pods.set("1.1.0", kubelet.never_ready)

    await iris.declare("1.1.0")
    rolling = await iris.reaches("Progressing", version="1.1.0")
    pods.set("1.1.0", kubelet.serving("127.0.88.2"))
    done = await iris.reaches("Serving", version="1.1.0")

    assert rolling["servingVersion"] == "1.0.0"
    assert condition(rolling, "Reconciling")["status"] == "True"
    assert condition(rolling, "Available")["status"] == "True"
    assert done["servingVersion"] == "1.1.0"
    assert [(entry["version"], entry["outcome"]) for entry in done["history"]] == [
        ("1.1.0", "Serving"),
        ("1.0.0", "Served"),
    ]


BAD = {
    "ImagePullFailed": kubelet.cannot_pull(timedelta(seconds=40)),
    "ArtifactRejected": kubelet.ended(
        65, "artifact refused: found version 1.0.0, expected 2.0.0", restarts=0
    ),
    "PodsCrashing": kubelet.ended(1, "Traceback: boom", restarts=3),
    "VersionMismatch": kubelet.serving("127.0.88.1"),
}


@pytest.mark.parametrize("reason", BAD)
async def test_a_bad_version_stalls_while_the_old_one_serves_and_going_back_recovers(
    operator: "OperatorProcess", cluster: Cluster, iris: Iris, pods: "Kubelet", reason: str
) -> None:
    await iris.declare("1.0.0")
    await iris.reaches("Serving")
    pods.set("2.0.0", BAD[reason])

    await iris.declare("2.0.0")
    stalled = await iris.reaches(reason, version="2.0.0")
    await iris.declare("1.0.0")
    recovered = await iris.reaches("Serving", version="1.0.0")

    assert condition(stalled, "Stalled")["reason"] == reason
    assert not condition(stalled, "Reconciling")
    assert stalled["servingVersion"] == "1.0.0"
    assert not condition(recovered, "Stalled")
    events = await eventually(
        lambda: cluster.list("Event"), lambda found: any(event["reason"] == reason for event in found)
    )
    assert [event["type"] for event in events if event["reason"] == reason] == ["Warning"]


async def test_the_operator_waits_thirty_seconds_before_it_calls_a_pull_failed(
    operator: "OperatorProcess", iris: Iris, pods: "Kubelet"
) -> None:
    pods.set("2.0.0", kubelet.cannot_pull(timedelta(seconds=26)))

    await iris.declare("2.0.0")
    first = await iris.reaches("Progressing")
    then = await iris.reaches("ImagePullFailed")

    assert "Back-off pulling image" in condition(first, "Ready")["message"] or not condition(first, "Stalled")
    assert condition(then, "Available")["status"] == "False"


async def test_the_older_model_keeps_a_contested_route(
    operator: "OperatorProcess", cluster: Cluster, iris: Iris, pods: "Kubelet"
) -> None:
    late = Iris(cluster, "late")
    await iris.declare()
    await iris.reaches("Serving")

    await late.declare()
    refused = await late.reaches("RouteConflict")
    missing = await cluster.find("Ingress", "late")
    await cluster.delete("IrisModel", "iris")
    await eventually(lambda: cluster.find("Ingress", "late"), bool)

    assert "has this host and path" in condition(refused, "Ready")["message"]
    assert condition(refused, "RouteReady")["status"] == "False"
    assert missing is None


async def test_a_model_recreated_under_the_same_name_serves_again(
    operator: "OperatorProcess", cluster: Cluster, iris: Iris, pods: "Kubelet"
) -> None:
    await iris.declare()
    await iris.reaches("Serving")

    await cluster.delete("IrisModel", "iris")
    again = await iris.declare()

    await iris.reaches("Serving")
    deployment = await cluster.get("Deployment", "iris")
    assert deployment["metadata"]["ownerReferences"][0]["uid"] == again["metadata"]["uid"]


async def test_scaling_through_the_scale_subresource_is_a_change_of_the_spec(
    operator: "OperatorProcess", cluster: Cluster, iris: Iris, pods: "Kubelet"
) -> None:
    await iris.declare()
    await iris.reaches("Serving")

    await cluster.patch("IrisModel", "iris", {"spec": {"replicas": 3}}, subresource="scale")

    await eventually(lambda: cluster.get("Deployment", "iris"), lambda body: body["spec"]["replicas"] == 3)
    status = await iris.reaches("Serving")
    assert status["readyReplicas"] == 3
