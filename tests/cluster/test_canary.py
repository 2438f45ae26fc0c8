"""A rollout that compares versions before anybody gets the new one, on a real API server."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from iris_local_cluster.api_server import ApiServer

from tests.cluster.conftest import WORSE, WORSE_ADDRESS, Iris, condition, gone
from tests.harness import kubelet, model_servers, operator_process
from tests.harness.kubelet import Kubelet
from tests.harness.kubernetes import Cluster, Manifest, eventually

if TYPE_CHECKING:
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster

CANARY: dict[str, Any] = {"strategy": "Canary"}


@pytest.fixture(scope="module")
def worse_server(worse_artifact: Path) -> Iterator[str]:
    """The address of a model that was trained on mislabelled rows."""
    with model_servers.serving({WORSE_ADDRESS: worse_artifact}, "iris"):
        yield WORSE_ADDRESS


@pytest.fixture
async def canary(iris: Iris, pods: Kubelet) -> Iris:
    """Version 1.0.0 serves, and the next version is to be compared with it."""
    await iris.declare("1.0.0", rollout=CANARY)
    await iris.reaches("Serving")
    return iris


async def state(iris: Iris) -> str:
    status = await iris.status()
    return str((status.get("rollout") or {}).get("state", ""))


async def stable_tag(cluster: Cluster) -> str:
    deployment = await cluster.get("Deployment", "iris")
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"]).rpartition(":")[2]


async def events(cluster: Cluster, reason: str) -> list[Manifest]:
    return [event for event in await cluster.list("Event") if event["reason"] == reason]


async def test_a_candidate_that_agrees_replaces_the_stable_version(
    operator: "OperatorProcess", cluster: Cluster, canary: Iris
) -> None:
    await canary.declare("1.1.0", rollout=CANARY)
    status = await canary.reaches("Serving", version="1.1.0")
    await gone(cluster, "Deployment", "iris-canary")

    assert status["servingVersion"] == "1.1.0"
    assert status["rollout"]["state"] == "Promoted"
    assert status["rollout"]["agreement"] == {"rows": 30, "agree": 30, "judged": True}
    assert status["rollout"]["candidate"]["digest"] == status["modelDigest"]
    for kind in ("Service", "NetworkPolicy", "PodDisruptionBudget"):
        await gone(cluster, kind, "iris-canary")
    assert len(await events(cluster, "RolloutStarted")) == len(await events(cluster, "RolloutPromoted")) == 1


async def test_a_candidate_that_disagrees_is_refused_and_nobody_gets_it(
    operator: "OperatorProcess", cluster: Cluster, canary: Iris, pods: Kubelet, worse_server: str
) -> None:
    pods.set(WORSE, kubelet.serving(worse_server))
    before = (await cluster.get("Deployment", "iris"))["metadata"]["generation"]

    await canary.declare(WORSE, rollout=CANARY)
    status = await canary.reaches("RolledBack", version=WORSE)
    await gone(cluster, "Deployment", "iris-canary")

    assert status["servingVersion"] == "1.0.0"
    assert condition(status, "Stalled")["reason"] == "RolledBack"
    assert condition(status, "Available")["status"] == "True"
    rejected, agreement = status["rollout"]["rejected"], status["rollout"]["agreement"]
    assert (rejected["version"], rejected["reason"]) == (WORSE, "AgreementTooLow")
    assert agreement["judged"]
    assert agreement["agree"] < 24
    assert sum(int(kind.rpartition(": ")[2]) for kind in agreement["differ"]) == 30 - agreement["agree"]
    assert (await cluster.get("Deployment", "iris"))["metadata"]["generation"] == before


async def test_a_refused_candidate_is_not_tried_again_until_the_spec_changes(
    operator: "OperatorProcess", cluster: Cluster, canary: Iris, pods: Kubelet
) -> None:
    pods.set("2.0.0", kubelet.cannot_pull(timedelta(seconds=40)))
    await canary.declare("2.0.0", rollout=CANARY)
    status = await canary.reaches("RolledBack", version="2.0.0")
    assert status["rollout"]["rejected"]["reason"] == "ImagePullFailed"

    await canary.declare("2.0.0", rollout=CANARY, replicas=3)
    await eventually(canary.status, lambda found: found["readyReplicas"] == 3)
    assert await state(canary) == "RolledBack"
    assert await cluster.find("Deployment", "iris-canary") is None

    await canary.declare("1.0.0", rollout=CANARY, replicas=3)
    status = await canary.reaches("Serving", version="1.0.0")
    assert "rollout" not in status


async def test_a_withdrawn_candidate_leaves_nothing_behind(
    operator: "OperatorProcess", cluster: Cluster, canary: Iris, pods: Kubelet
) -> None:
    pods.set("2.0.0", kubelet.never_ready)
    before = (await cluster.get("Deployment", "iris"))["metadata"]["generation"]
    await canary.declare("2.0.0", rollout=CANARY)
    await eventually(lambda: cluster.find("Deployment", "iris-canary"), bool)

    await canary.declare("1.0.0", rollout=CANARY)
    status = await canary.reaches("Serving", version="1.0.0")
    await gone(cluster, "Deployment", "iris-canary")

    assert "rollout" not in status
    assert (await cluster.get("Deployment", "iris"))["metadata"]["generation"] == before
    assert len(await events(cluster, "RolloutWithdrawn")) == 1


async def test_a_third_version_takes_the_place_of_the_candidate(
    operator: "OperatorProcess", cluster: Cluster, canary: Iris, pods: Kubelet
) -> None:
    pods.set("2.0.0", kubelet.never_ready)
    await canary.declare("2.0.0", rollout=CANARY)
    await eventually(lambda: cluster.find("Deployment", "iris-canary"), bool)

    await canary.declare("1.1.0", rollout=CANARY)
    status = await canary.reaches("Serving", version="1.1.0")

    assert status["rollout"]["candidate"]["version"] == "1.1.0"
    assert status["rollout"]["stable"]["version"] == "1.0.0"


async def test_a_skipped_version_is_not_compared(
    operator: "OperatorProcess", cluster: Cluster, canary: Iris, pods: Kubelet, worse_server: str
) -> None:
    pods.set(WORSE, kubelet.serving(worse_server))

    await canary.declare(WORSE, rollout={**CANARY, "skip": WORSE})
    status = await canary.reaches("Serving", version=WORSE)

    assert status["servingVersion"] == WORSE
    assert await cluster.find("Deployment", "iris-canary") is None
    assert await events(cluster, "RolloutSkipped")


async def test_a_commit_that_adds_the_rollout_with_a_new_version_is_compared_too(
    operator: "OperatorProcess", iris: Iris, pods: Kubelet, worse_server: str
) -> None:
    pods.set(WORSE, kubelet.serving(worse_server))
    await iris.declare("1.0.0")
    await iris.reaches("Serving")

    await iris.declare(WORSE, rollout=CANARY)
    status = await iris.reaches("RolledBack", version=WORSE)

    assert status["servingVersion"] == "1.0.0"


async def test_without_the_rollout_a_refused_version_is_rolled_out(
    operator: "OperatorProcess", canary: Iris, pods: Kubelet, worse_server: str
) -> None:
    pods.set(WORSE, kubelet.serving(worse_server))
    await canary.declare(WORSE, rollout=CANARY)
    await canary.reaches("RolledBack", version=WORSE)

    await canary.declare(WORSE)
    status = await canary.reaches("Serving", version=WORSE)

    assert "rollout" not in status


async def test_a_suspended_rollout_waits_and_then_goes_on(
    operator: "OperatorProcess", cluster: Cluster, canary: Iris, pods: Kubelet
) -> None:
    pods.set("2.0.0", kubelet.never_ready)
    await canary.declare("2.0.0", rollout=CANARY)
    await eventually(lambda: cluster.find("Deployment", "iris-canary"), bool)

    await canary.declare("2.0.0", rollout=CANARY, suspend=True)
    status = await canary.reaches("Suspended", version="2.0.0")
    assert status["rollout"]["state"] == "Preparing"
    assert "since" not in status["rollout"]
    assert await cluster.find("Deployment", "iris-canary")

    await canary.declare("1.1.0", rollout=CANARY)
    status = await canary.reaches("Serving", version="1.1.0")
    assert status["rollout"]["state"] == "Promoted"


async def test_every_new_operator_goes_on_where_the_last_one_stopped(
    api_server: ApiServer, cluster: Cluster, iris: Iris, pods: Kubelet, tmp_path: Path
) -> None:
    """Ended in each state; the next one has only the cluster to go by."""

    def operator(number: int) -> Any:
        folder = tmp_path / str(number)
        folder.mkdir()
        return operator_process.running(api_server.kubeconfig, folder, namespaces=cluster.namespace)

    pods.set("1.1.0", kubelet.never_ready)
    with operator(1):
        await iris.declare("1.0.0", rollout=CANARY)
        await iris.reaches("Serving")
        await iris.declare("1.1.0", rollout=CANARY)
        await eventually(lambda: cluster.find("Deployment", "iris-canary"), bool)
    with operator(2):
        await iris.reaches("Progressing", version="1.1.0")
    pods.set("1.1.0", kubelet.serving("127.0.88.2"))
    with operator(3):
        await eventually(lambda: stable_tag(cluster), lambda tag: tag == "1.1.0")
    with operator(4):
        status = await iris.reaches("Serving", version="1.1.0")
        await gone(cluster, "Deployment", "iris-canary")

    assert status["rollout"]["state"] == "Promoted"
    assert status["rollout"]["agreement"]["rows"] == 30
