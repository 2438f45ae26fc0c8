"""Kinds that come with somebody else's CRD: used when they are there, missed by name when they are not."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from iris_operator import kinds
from iris_operator.kinds import Kind

from tests.cluster.conftest import Iris, condition, gone
from tests.harness import operator_process
from tests.harness.kubernetes import Cluster, Manifest, Refused, eventually

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

pytestmark = pytest.mark.cluster

# A second, so that a test waits for a sweep and not for half a minute.
EVERY_SECOND = {"IRIS_OPERATOR_SWEEP_SECONDS": "1"}


def definition(kind: Kind) -> Manifest:
    """A CRD that takes anything."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": kind.version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": kind.name, "plural": kind.plural}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{kind.group}"},
        "spec": {"group": kind.group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


async def install(cluster: Cluster, kind: Kind) -> None:
    """Until it answers."""
    await cluster.apply(definition(kind))
    await eventually(lambda: listed(cluster, kind), lambda items: items is not None)


async def remove(cluster: Cluster, kind: Kind) -> None:
    await cluster.delete("CustomResourceDefinition", f"{kind.plural}.{kind.group}")
    await eventually(lambda: listed(cluster, kind), lambda items: items is None)


async def listed(cluster: Cluster, kind: Kind) -> list[Manifest] | None:
    """None when the API is not there."""
    try:
        answer = await cluster.request("GET", kind.path(cluster.namespace))
    except (Refused, ValueError):  # a 404 for a whole API is plain text
        return None
    return list(answer["items"])


@pytest.fixture
async def monitors(cluster: Cluster) -> AsyncIterator[Kind]:
    """The kind ServiceMonitor, installed by the test and removed after it."""
    yield kinds.SERVICE_MONITOR
    if await listed(cluster, kinds.SERVICE_MONITOR) is not None:
        await remove(cluster, kinds.SERVICE_MONITOR)


async def monitoring(iris: Iris, reason: str) -> dict[str, str]:
    """The condition once it has this reason."""
    status = await eventually(
        iris.status, lambda found: condition(found, "MonitoringReady").get("reason") == reason
    )
    return condition(status, "MonitoringReady")


@pytest.mark.parametrize("confined", [False, True], ids=["all namespaces", "one namespace"])
async def test_a_crd_that_comes_and_goes_is_noticed_without_a_restart(
    api_server: "ApiServer", cluster: Cluster, iris: Iris, monitors: Kind, confined: bool, tmp_path: Path
) -> None:
    """Confined, the operator may not watch CRDs: the sweep alone tells it."""
    namespaces = cluster.namespace if confined else ""
    with operator_process.running(
        api_server.kubeconfig, tmp_path, namespaces=namespaces, **EVERY_SECOND
    ) as operator:
        await iris.declare()
        missing = await monitoring(iris, "CRDNotInstalled")

        await install(cluster, monitors)
        await monitoring(iris, "MonitoringApplied")
        [made] = await listed(cluster, monitors) or []
        await remove(cluster, monitors)
        await monitoring(iris, "CRDNotInstalled")

        assert "ServiceMonitor" in missing["message"]
        assert made["spec"]["selector"]["matchLabels"]["app.kubernetes.io/instance"] == "iris"
        assert operator.process.poll() is None
        assert "Traceback" not in operator.log()


async def test_a_monitor_is_repaired_and_pruned_like_any_child(
    api_server: "ApiServer", cluster: Cluster, iris: Iris, monitors: Kind, tmp_path: Path
) -> None:
    await install(cluster, monitors)
    fresh = Cluster(cluster.client, cluster.namespace)  # knows the kinds that are there now
    with operator_process.running(api_server.kubeconfig, tmp_path, namespaces=cluster.namespace):
        await iris.declare()
        await eventually(lambda: fresh.find("ServiceMonitor", "iris"), bool)

        await fresh.patch("ServiceMonitor", "iris", {"spec": {"endpoints": []}})
        await eventually(
            lambda: fresh.get("ServiceMonitor", "iris"), lambda body: bool(body["spec"]["endpoints"])
        )
        await iris.declare(monitoring={"scrape": {"enabled": False}})

        await gone(fresh, "ServiceMonitor", "iris")


async def test_the_commit_that_asked_for_a_version_stands_in_status_and_history(
    api_server: "ApiServer", cluster: Cluster, tmp_path: Path
) -> None:
    await install(cluster, kinds.KUSTOMIZATION)
    flux = {
        "kustomize.toolkit.fluxcd.io/name": "models",
        "kustomize.toolkit.fluxcd.io/namespace": cluster.namespace,
    }

    async def push(revision: str, **spec: Any) -> None:
        """As kustomize-controller does it: the revision first, then what is in it."""
        status = {"lastAttemptedRevision": revision}
        await fresh.apply(
            {
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
                "kind": "Kustomization",
                "metadata": {"name": "models"},
                "status": status,
            }
        )
        model = {"apiVersion": "serving.two.inc/v1alpha1", "kind": "IrisModel"}
        await fresh.apply({**model, "metadata": {"name": "iris", "labels": flux}, "spec": spec})

    fresh = Cluster(cluster.client, cluster.namespace)
    with operator_process.running(api_server.kubeconfig, tmp_path, namespaces=cluster.namespace):
        for revision, spec in (
            ("main@sha1:a", {"version": "1.0.0"}),
            ("main@sha1:b", {"version": "1.0.0", "replicas": 3}),
            ("main@sha1:c", {"version": "1.1.0", "replicas": 3}),
        ):
            await push(revision, **spec)
            seen = await eventually(lambda: Iris(fresh).reaches("Progressing"), bool)

    assert seen["source"] == {"revision": "main@sha1:c", "kustomization": f"{cluster.namespace}/models"}
    assert [entry["revision"] for entry in seen["history"]] == ["main@sha1:c", "main@sha1:a"]
    await remove(cluster, kinds.KUSTOMIZATION)
