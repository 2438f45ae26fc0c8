"""Kinds that come with somebody else's CRD: used when they are there, missed by name when they are not."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from iris_api import kinds
from iris_api.kinds import Kind
from iris_local_cluster.up import monitoring

from tests.cluster.conftest import Iris, condition
from tests.harness import flux, operator_process
from tests.harness.kubernetes import Cluster, Manifest, Refused, eventually

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

pytestmark = pytest.mark.cluster

# A second, so that a test waits for a resync and not for half a minute.
EVERY_SECOND = {"IRIS_OPERATOR_SWEEP_SECONDS": "1"}


MONITORING = (kinds.SERVICE_MONITOR, kinds.PROMETHEUS_RULE)


def real(kind: Kind) -> Manifest:
    """The CRD of Prometheus Operator itself."""
    [file] = [file for file in monitoring.api() if file.stem.endswith(f"_{kind.plural}")]
    return dict(yaml.safe_load(file.read_text("utf-8")))


async def install(cluster: Cluster, kind: Kind) -> None:
    """Until it answers."""
    await cluster.apply(flux.crd() if kind == kinds.KUSTOMIZATION else real(kind))
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
async def bare(cluster: Cluster) -> AsyncIterator[None]:
    """No Prometheus Operator before the test, and none after it."""
    yield
    for kind in MONITORING:
        if await listed(cluster, kind) is not None:
            await remove(cluster, kind)


async def monitored(iris: Iris, reason: str, *, lacking: str = "") -> dict[str, str]:
    """The condition once it has this reason, and lacks nothing but this kind."""

    def holds(status: Manifest) -> bool:
        found = condition(status, "MonitoringReady")
        return found.get("reason") == reason and f"no API for {lacking}" in found["message"] + "no API for "

    return condition(await eventually(iris.status, holds, within=120), "MonitoringReady")


@pytest.mark.parametrize("confined", [False, True], ids=["all namespaces", "one namespace"])
async def test_a_crd_that_comes_later_is_noticed_without_a_restart(
    api_server: "ApiServer", cluster: Cluster, iris: Iris, bare: None, confined: bool, tmp_path: Path
) -> None:
    """Confined, the operator may not read CRDs."""
    namespaces = cluster.namespace if confined else ""
    with operator_process.running(
        api_server.kubeconfig, tmp_path, namespaces=namespaces, **EVERY_SECOND
    ) as operator:
        await iris.declare()
        missing = await monitored(iris, "CRDNotInstalled")

        await install(cluster, kinds.SERVICE_MONITOR)
        half = await monitored(iris, "CRDNotInstalled", lacking="PrometheusRule")
        await install(cluster, kinds.PROMETHEUS_RULE)
        await monitored(iris, "MonitoringApplied")

        made = [body for kind in MONITORING for body in await listed(cluster, kind) or ()]
        assert "ServiceMonitor and PrometheusRule" in missing["message"]
        assert "ServiceMonitor" not in half["message"]
        assert [body["metadata"]["name"] for body in made] == ["iris", "iris"]
        assert operator.process.poll() is None


@pytest.mark.parametrize("confined", [False, True], ids=["all namespaces", "one namespace"])
async def test_a_crd_that_goes_and_comes_back_is_missed_and_noticed_without_a_restart(
    api_server: "ApiServer", cluster: Cluster, iris: Iris, bare: None, confined: bool, tmp_path: Path
) -> None:
    for kind in MONITORING:
        await install(cluster, kind)
    namespaces = cluster.namespace if confined else ""
    with operator_process.running(
        api_server.kubeconfig, tmp_path, namespaces=namespaces, **EVERY_SECOND
    ) as operator:
        await iris.declare()
        await monitored(iris, "MonitoringApplied")
        before = await cluster.get("Deployment", "iris")

        for kind in MONITORING:
            await remove(cluster, kind)
        await monitored(iris, "CRDNotInstalled")
        for kind in MONITORING:
            await install(cluster, kind)
        await monitored(iris, "MonitoringApplied")

        assert (await cluster.get("Deployment", "iris"))["spec"] == before["spec"]
        assert operator.process.poll() is None


def drifted(kind: Kind, spec: Manifest) -> Manifest:
    """What somebody might make of it."""
    if kind == kinds.SERVICE_MONITOR:
        return {"endpoints": [{"port": "other"}]}
    return {"groups": [{**group, "rules": group["rules"][1:]} for group in spec["groups"]]}


async def test_monitoring_is_left_alone_at_rest_repaired_and_pruned_like_any_child(
    api_server: "ApiServer", cluster: Cluster, iris: Iris, bare: None, tmp_path: Path
) -> None:
    for kind in MONITORING:
        await install(cluster, kind)
    with operator_process.running(api_server.kubeconfig, tmp_path, namespaces=cluster.namespace) as operator:
        await iris.declare()
        await monitored(iris, "MonitoringApplied")

        for kind in MONITORING:
            before = (await one(cluster, kind))["spec"]
            await cluster.request(
                "PATCH",
                kind.path(cluster.namespace, "iris"),
                json={"spec": drifted(kind, before)},
                content_type="merge-patch+json",
            )
            await eventually(partial(one, cluster, kind), partial(_says, before))
        quiet, passes = operator.writes(), operator.counted("controller_runtime_reconcile_total")
        await cluster.patch("Service", "iris", {"metadata": {"annotations": {"theirs.test/note": "hello"}}})
        await eventually(lambda: _passed(operator), lambda count: count > passes)
        at_rest = operator.writes()
        await iris.declare(monitoring={part: {"enabled": False} for part in ("scrape", "alerts")})

        for kind in MONITORING:
            await eventually(partial(listed, cluster, kind), lambda items: items == [])
        assert at_rest == quiet


async def test_common_metadata_comes_and_goes_on_all_that_is_selected_by_label_and_restarts_no_pod(
    api_server: "ApiServer", cluster: Cluster, iris: Iris, bare: None, tmp_path: Path
) -> None:
    for kind in MONITORING:
        await install(cluster, kind)

    async def labelled() -> set[object]:
        """The values of the label on what Prometheus and Grafana select."""
        bodies = [await one(cluster, kind) for kind in MONITORING]
        bodies.append(await cluster.get("ConfigMap", "iris-dashboard"))
        return {body["metadata"]["labels"].get("release") for body in bodies}

    with operator_process.running(api_server.kubeconfig, tmp_path, namespaces=cluster.namespace):
        await iris.declare()
        applied = await monitored(iris, "MonitoringApplied")
        before = await cluster.get("Deployment", "iris")

        await iris.declare(commonMetadata={"labels": {"release": "kube-prometheus-stack"}})
        await eventually(labelled, lambda found: found == {"kube-prometheus-stack"})
        await iris.declare()
        await eventually(labelled, lambda found: found == {None})

        after = await cluster.get("Deployment", "iris")
        assert after["spec"] == before["spec"]
        assert applied["message"].endswith("whether a Prometheus selects them is not checked")


async def one(cluster: Cluster, kind: Kind) -> Manifest:
    [body] = await listed(cluster, kind) or []
    return body


def _says(spec: Manifest, body: Manifest) -> bool:
    return bool(body["spec"] == spec)


async def _passed(operator: operator_process.OperatorProcess) -> float:
    return operator.counted("controller_runtime_reconcile_total")


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
