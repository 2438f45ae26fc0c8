"""Each cause that keeps a model from working, made for real: `iris why` has the words of the status."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.conftest import Ask, Iris, condition
from tests.harness import kubelet
from tests.harness.kubelet import Behaviour, Kubelet
from tests.harness.kubernetes import Cluster, Manifest, eventually

if TYPE_CHECKING:
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster


async def names_the_cause(iris: Iris, ask: Ask, words: str) -> None:
    """Waits for the words in the message of Ready; `iris why` must have the very same.

    Of several pods with a cause, the one that is named may change while the status is written.
    """

    def found(status: Manifest) -> str:
        match = re.search(words, condition(status, "Ready").get("message", ""))
        return match.group() if match else ""

    async def shown() -> tuple[str, str]:
        return found(await iris.status()), (await ask("why", iris.name)).stdout

    await eventually(iris.status, found, within=150)
    await eventually(shown, lambda pair: pair[0] and pair[0] in pair[1], within=20)


def a_quota() -> Manifest:
    hard = {"spec": {"hard": {"pods": "0"}}}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, **hard}


def a_limit_range() -> Manifest:
    limits = {"spec": {"limits": [{"type": "Container", "max": {"memory": "16Mi"}}]}}
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small"}, **limits}


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (a_quota, r"pods cannot be created: forbidden: exceeded quota: none"),
        (a_limit_range, r"pods cannot be created: forbidden: maximum memory usage per Container is 16Mi"),
    ],
    ids=["a quota", "a LimitRange"],
)
async def test_why_pods_are_refused_is_in_the_status_and_in_why(
    operator: "OperatorProcess",
    cluster: Cluster,
    iris: Iris,
    ask: Ask,
    policy: Callable[[], Manifest],
    words: str,
) -> None:
    made = await cluster.apply(policy())
    if made["kind"] == "ResourceQuota":
        await eventually(
            lambda: cluster.get("ResourceQuota", "none"), lambda body: body.get("status", {}).get("used")
        )

    await iris.declare()

    await names_the_cause(iris, ask, words)


def unschedulable(_: Manifest) -> dict[str, Any]:
    row = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    return {
        "phase": "Pending",
        "conditions": [{**row, "message": "0/3 nodes are available: 3 Insufficient cpu."}],
    }


def misconfigured(pod: Manifest) -> dict[str, Any]:
    status = kubelet.never_ready(pod)
    why = {"reason": "CreateContainerConfigError", "message": "secret not found"}
    status["containerStatuses"][0]["state"] = {"waiting": why}
    return status


def out_of_memory(pod: Manifest) -> dict[str, Any]:
    status = kubelet.ended(137, "the last lines of the log", restarts=1)(pod)
    status["containerStatuses"][0]["lastState"]["terminated"]["reason"] = "OOMKilled"
    return status


def evicting_one() -> Behaviour:
    """The first pod that is seen; those that replace it are not ready."""
    evicted: list[str] = []

    def behave(pod: Manifest) -> dict[str, Any]:
        evicted.append(pod["metadata"]["uid"])
        if pod["metadata"]["uid"] != evicted[0]:
            return kubelet.never_ready(pod)
        return {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}

    return behave


# By image tag: how its pods behave, and the words.
OF_PODS: Mapping[str, tuple[Behaviour, str]] = {
    "unschedulable": (
        unschedulable,
        r"pod \S+ cannot be scheduled: 0/3 nodes are available: 3 Insufficient cpu",
    ),
    "waiting": (misconfigured, r"pod \S+: CreateContainerConfigError: secret not found"),
    "ended": (kubelet.ended(1, "Traceback: boom", restarts=1), r"pod \S+: exit code 1: Traceback: boom"),
    "memory": (out_of_memory, r"pod \S+: exit code 137: OOMKilled"),
    "evicted": (evicting_one(), r"pod \S+ failed: Evicted: The node was low on resource: memory"),
}


async def test_why_a_pod_does_not_serve_is_in_the_status_and_in_why(
    operator: "OperatorProcess",
    cluster: Cluster,
    pods: Kubelet,
    ask: Ask,
    subtests: pytest.Subtests,
) -> None:
    models = {tag: Iris(cluster, tag) for tag in OF_PODS}
    for tag, (behaviour, _) in OF_PODS.items():
        pods.set(tag, behaviour)
        await models[tag].declare(tag, route=None)

    for tag, (_, words) in OF_PODS.items():
        with subtests.test(tag):
            await names_the_cause(models[tag], ask, words)


async def test_a_paused_deployment_of_a_suspended_model_is_in_the_status_and_in_why(
    operator: "OperatorProcess", cluster: Cluster, iris: Iris, pods: Kubelet, ask: Ask
) -> None:
    await iris.declare()
    await iris.reaches("Serving")
    await iris.declare(suspend=True)
    await iris.reaches("Suspended")

    await cluster.patch("Deployment", "iris", {"spec": {"paused": True}})

    await names_the_cause(iris, ask, "the Deployment is paused")


@pytest.fixture
async def node(cluster: Cluster) -> AsyncIterator[str]:
    """A node whose kubelet has not reported yet."""
    name = f"node-of-{cluster.namespace}"
    await cluster.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
    yield name
    await cluster.delete("Node", name)


async def test_a_silent_node_is_in_the_status_and_in_why(
    operator: "OperatorProcess", cluster: Cluster, iris: Iris, pods: Kubelet, node: str, ask: Ask
) -> None:
    """It reports once and never again; Kubernetes' own node controller notices it."""
    await iris.declare(replicas=1)
    [pod] = await eventually(lambda: cluster.list("Pod"), lambda found: len(found) == 1)
    target = {"target": {"apiVersion": "v1", "kind": "Node", "name": node}}
    binding = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod["metadata"]["name"]}, **target}
    path = await cluster.path("Pod", pod["metadata"]["name"], subresource="binding")
    await cluster.request("POST", path, json=binding)
    await iris.reaches("Serving")

    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ready = {"type": "Ready", "status": "True", "lastHeartbeatTime": now, "lastTransitionTime": now}
    await cluster.patch("Node", node, {"status": {"conditions": [ready]}}, subresource="status")

    await names_the_cause(iris, ask, rf"pod \S+: node {node} does not answer")


async def test_an_autoscaler_without_metrics_is_in_the_status_of_a_model_that_serves_and_in_why(
    operator: "OperatorProcess", cluster: Cluster, iris: Iris, pods: Kubelet, ask: Ask
) -> None:
    """No metrics-server runs here."""
    await iris.declare(autoscaling={"minReplicas": 2, "maxReplicas": 3})

    await iris.reaches("Serving")

    status = await eventually(iris.status, lambda found: bool(condition(found, "AutoscalingReady")))
    found = condition(status, "AutoscalingReady")
    assert (found["status"], found["reason"]) == ("False", "ScalingInactive")
    assert "FailedGetContainerResourceMetric" in found["message"]
    assert condition(status, "Ready")["status"] == "True"
    assert found["message"] in (await ask("why", iris.name)).stdout


@pytest.fixture
async def class_of_nobody(cluster: Cluster) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """Makes an IngressClass whose controller does not run."""

    async def make() -> str:
        body = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": name}}
        await cluster.create({**body, "spec": {"controller": "example.com/nobody"}})
        return name

    name = cluster.namespace
    yield make
    await cluster.delete("IngressClass", name)


async def test_a_route_is_ready_once_its_class_exists_and_a_controller_has_published_an_address(
    operator: "OperatorProcess",
    cluster: Cluster,
    iris: Iris,
    ask: Ask,
    class_of_nobody: Callable[[], Awaitable[str]],
) -> None:
    host = f"{cluster.namespace}.test"

    async def route_and_why() -> tuple[str, str, bool]:
        """Its state, and whether `iris why` has the words of its message."""
        found = condition(await iris.status(), "RouteReady")
        answer = await ask("why", iris.name)
        return found.get("status", ""), found.get("reason", ""), found.get("message", "?") in answer.stdout

    await iris.declare(route={"host": host, "className": cluster.namespace}, progressDeadlineSeconds=30)
    missing = await eventually(route_and_why, lambda found: found[2])
    await class_of_nobody()
    unserved = await eventually(route_and_why, lambda found: found[0] == "Unknown" and found[2], within=90)
    address = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}}
    await cluster.patch("Ingress", "iris", address, subresource="status")
    served = await eventually(iris.status, lambda found: condition(found, "RouteReady")["status"] == "True")

    assert missing[:2] == ("False", "IngressClassNotFound")
    assert unserved[:2] == ("Unknown", "AddressNotPublished")
    assert condition(served, "RouteReady")["message"] == f"the Ingress routes http://{host}"
