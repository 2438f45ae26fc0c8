"""Children on a real API server: made, repaired, pruned, collected; nothing of anybody else is touched."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.conftest import CHILDREN, gone
from tests.harness.kubernetes import Cluster, Manifest, eventually

if TYPE_CHECKING:
    from tests.cluster.conftest import Iris
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster


async def find(cluster: Cluster, kind: str, name: str) -> Manifest:
    found = await eventually(lambda: cluster.find(kind, name), bool)
    assert found is not None
    return found


async def test_an_irismodel_becomes_its_children(
    operator: "OperatorProcess", cluster: Cluster, iris: "Iris"
) -> None:
    declared = await iris.declare("1.0.0")

    for kind, name in CHILDREN:
        child = await find(cluster, kind, name)
        assert child["metadata"]["ownerReferences"][0]["uid"] == declared["metadata"]["uid"]
    ours = [
        (kind, body["metadata"]["name"])
        for kind in {kind for kind, _ in CHILDREN}
        for body in await cluster.list(kind, labels="app.kubernetes.io/managed-by=iris-operator")
    ]
    assert sorted(ours) == sorted(CHILDREN)
    deployment = await cluster.get("Deployment", "iris")
    assert (
        deployment["spec"]["template"]["spec"]["containers"][0]["image"]
        == "ghcr.io/two-inc/iris-server:1.0.0"
    )


async def test_its_pods_are_let_into_a_namespace_that_enforces_restricted_pod_security(
    operator: "OperatorProcess", cluster: Cluster, iris: "Iris"
) -> None:
    """Deployments are always let in: only the pods show it."""
    enforced = {"pod-security.kubernetes.io/enforce": "restricted"}
    await cluster.patch("Namespace", cluster.namespace, {"metadata": {"labels": enforced}})

    await iris.declare()

    await eventually(lambda: cluster.list("Pod"), lambda found: len(found) == 2)


# As `kubectl set env` does it.
_OF_ANOTHER = {"name": "IRIS_MODEL_NAME", "value": "another"}


def _variable(deployment: Manifest, name: str) -> str:
    env = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
    return str(next(entry["value"] for entry in env if entry["name"] == name))


DRIFTS: list[tuple[str, str, dict[str, Any], Callable[[Manifest], object]]] = [
    (
        "Deployment",
        "iris",
        {"spec": {"template": {"spec": {"containers": [{"name": "server", "image": "somebody/else:1"}]}}}},
        lambda body: body["spec"]["template"]["spec"]["containers"][0]["image"],
    ),
    (
        "Deployment",
        "iris",
        {"spec": {"template": {"spec": {"containers": [{"name": "server", "env": [_OF_ANOTHER]}]}}}},
        lambda body: _variable(body, _OF_ANOTHER["name"]),
    ),
    ("Deployment", "iris", {"spec": {"replicas": 7}}, lambda body: body["spec"]["replicas"]),
    ("Deployment", "iris", {"spec": {"paused": True}}, lambda body: body["spec"].get("paused")),
    ("Service", "iris", {"spec": {"selector": {"app": "other"}}}, lambda body: body["spec"]["selector"]),
    (
        "NetworkPolicy",
        "iris",
        {"spec": {"egress": [{}]}},
        lambda body: body["spec"]["egress"],
    ),
    (
        "PodDisruptionBudget",
        "iris",
        {"spec": {"maxUnavailable": "100%"}},
        lambda body: body["spec"]["maxUnavailable"],
    ),
    (
        "ServiceAccount",
        "iris",
        {"automountServiceAccountToken": True},
        lambda body: body["automountServiceAccountToken"],
    ),
    (
        "Ingress",
        "iris",
        {"spec": {"rules": [{"host": "evil.test"}]}},
        lambda body: body["spec"]["rules"],
    ),
    ("ConfigMap", "iris-dashboard", {"data": None}, lambda body: body.get("data")),
    (
        "ConfigMap",
        "iris-dashboard",
        {"metadata": {"labels": {"app.kubernetes.io/managed-by": None, "grafana_dashboard": None}}},
        lambda body: body["metadata"]["labels"],
    ),
    (
        "Service",
        "iris",
        {"metadata": {"ownerReferences": None}},
        lambda body: body["metadata"].get("ownerReferences"),
    ),
]


async def test_a_child_changed_by_hand_is_repaired(
    operator: "OperatorProcess", cluster: Cluster, iris: "Iris", subtests: pytest.Subtests
) -> None:
    await iris.declare()

    async def repaired(
        kind: str, name: str, drift: dict[str, Any], look: Callable[[Manifest], object]
    ) -> None:
        before = await find(cluster, kind, name)

        drifted = await _merge(cluster, kind, name, drift)

        assert look(drifted) != look(before)
        await eventually(lambda: cluster.get(kind, name), lambda body: look(body) == look(before))

    for index, drift in enumerate(DRIFTS):
        with subtests.test(f"{drift[0]}-{index}"):
            await repaired(*drift)


async def test_a_child_deleted_by_hand_comes_back(
    operator: "OperatorProcess", cluster: Cluster, iris: "Iris", subtests: pytest.Subtests
) -> None:
    await iris.declare()

    async def comes_back(kind: str, name: str) -> None:
        before = await find(cluster, kind, name)

        await cluster.delete(kind, name)

        await eventually(
            lambda: cluster.find(kind, name),
            lambda body: body is not None and body["metadata"]["uid"] != before["metadata"]["uid"],
        )

    for kind, name in CHILDREN:
        with subtests.test(kind):
            await comes_back(kind, name)


async def test_what_is_not_declared_any_more_is_pruned(
    operator: "OperatorProcess", cluster: Cluster, iris: "Iris"
) -> None:
    await iris.declare()
    for kind, name in CHILDREN:
        await find(cluster, kind, name)

    off = {"dashboard": {"enabled": False}}
    await iris.declare(route=None, monitoring=off, networkPolicy={"enabled": False}, replicas=1)

    await gone(cluster, "Ingress", "iris")
    await gone(cluster, "NetworkPolicy", "iris")
    await gone(cluster, "PodDisruptionBudget", "iris")
    await gone(cluster, "ConfigMap", "iris-dashboard")
    for kind in ("Service", "Deployment", "ServiceAccount"):
        assert await cluster.find(kind, "iris") is not None


async def test_somebody_elses_object_is_never_taken_over(
    operator: "OperatorProcess", cluster: Cluster, iris: "Iris"
) -> None:
    theirs = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "iris"},
        "spec": {"ports": [{"port": 1234}], "selector": {"app": "theirs"}},
    }
    before = await cluster.create(theirs)

    await iris.declare()

    status = await iris.reaches("ChildConflict")
    assert {row["type"]: row["status"] for row in status["conditions"]}["Stalled"] == "True"
    assert (await cluster.get("Service", "iris"))["spec"] == before["spec"]
    await find(cluster, "Deployment", "iris")  # the other children are made all the same


async def test_the_autoscaler_takes_the_replicas_over_without_a_dip(
    operator: "OperatorProcess", cluster: Cluster, iris: "Iris"
) -> None:
    await iris.declare(replicas=5)
    await find(cluster, "Deployment", "iris")

    await iris.declare(replicas=5, autoscaling={"minReplicas": 2, "maxReplicas": 6})

    await find(cluster, "HorizontalPodAutoscaler", "iris")
    taken = await eventually(
        lambda: cluster.get("Deployment", "iris"),
        lambda body: body["metadata"]["annotations"].get("serving.two.inc/replicas-from") == "autoscaler",
    )
    assert taken["spec"]["replicas"] == 5
    await cluster.patch("Deployment", "iris", {"spec": {"replicas": 4}}, subresource="scale")
    await iris.declare("1.1.0", replicas=5, autoscaling={"minReplicas": 2, "maxReplicas": 6})
    moved = await eventually(
        lambda: cluster.get("Deployment", "iris"),
        lambda body: body["metadata"]["labels"]["app.kubernetes.io/version"] == "1.1.0",
    )
    assert moved["spec"]["replicas"] == 4
    await iris.declare("1.1.0", replicas=3)
    await eventually(lambda: cluster.get("Deployment", "iris"), lambda body: body["spec"]["replicas"] == 3)
    await gone(cluster, "HorizontalPodAutoscaler", "iris")


async def test_a_suspended_model_is_left_alone(
    operator: "OperatorProcess", cluster: Cluster, iris: "Iris"
) -> None:
    await iris.declare()
    await find(cluster, "Ingress", "iris")
    await iris.declare(suspend=True)
    await iris.reaches("Suspended")

    await cluster.patch("Deployment", "iris", {"spec": {"replicas": 1}})
    await iris.declare("9.9.9", suspend=True)
    await iris.reaches("Suspended", version="9.9.9")

    deployment = await cluster.get("Deployment", "iris")
    assert deployment["spec"]["replicas"] == 1
    assert deployment["metadata"]["labels"]["app.kubernetes.io/version"] == "1.0.0"


async def _merge(cluster: Cluster, kind: str, name: str, patch: dict[str, Any]) -> Manifest:
    """As kubectl patch does by default for built-in kinds: containers merge by name."""
    path = await cluster.path(kind, name)
    return await cluster.request("PATCH", path, json=patch, content_type="strategic-merge-patch+json")
