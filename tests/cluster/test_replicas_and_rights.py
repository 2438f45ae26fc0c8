"""Two replicas with only the rights of operator/manifests: one writes, the other takes over."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cluster.conftest import MANIFESTS
from tests.harness import operator_process
from tests.harness.kubernetes import Cluster, eventually

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

    from tests.cluster.conftest import Iris
    from tests.harness.kubelet import Kubelet

pytestmark = pytest.mark.cluster


async def test_the_manifests_rights_are_enough_for_a_whole_life(
    rights: Path, cluster: Cluster, iris: "Iris", pods: "Kubelet", tmp_path: Path
) -> None:
    with operator_process.running(rights, tmp_path, IRIS_OPERATOR_LEASE_NAMESPACE="iris-system") as operator:
        await iris.declare(autoscaling={"minReplicas": 2, "maxReplicas": 3})
        await iris.reaches("Serving")
        await iris.declare("1.1.0", monitoring={"dashboard": {"enabled": False}})
        await iris.reaches("Serving", version="1.1.0")
        await eventually(lambda: cluster.find("ConfigMap", "iris-dashboard"), lambda body: body is None)

        assert "forbidden" not in operator.log()


async def test_confined_to_a_namespace_it_asks_for_no_right_beyond_it(
    api_server: "ApiServer", cluster: Cluster, iris: "Iris", pods: "Kubelet", tmp_path: Path
) -> None:
    """Neither does its pump, which in a whole cluster watches namespaces and CRDs."""
    role = yaml.safe_load((MANIFESTS / "cluster-role.yaml").read_text("utf-8"))
    rules = [rule for rule in role["rules"] if "apiextensions.k8s.io" not in rule["apiGroups"]]
    metadata, group = {"name": "confined"}, "rbac.authorization.k8s.io"
    of = {"apiVersion": f"{group}/v1", "metadata": metadata}
    reference = {"apiGroup": group, "kind": "Role", "name": "confined"}
    account = {"kind": "ServiceAccount", "name": "default", "namespace": cluster.namespace}
    await cluster.create({**of, "kind": "Role", "rules": rules})
    await cluster.create({**of, "kind": "RoleBinding", "roleRef": reference, "subjects": [account]})
    user = api_server.kubeconfig_of_service_account(cluster.namespace, "default")

    with operator_process.running(user, tmp_path, namespaces=cluster.namespace) as operator:
        await iris.declare()
        await iris.reaches("Serving")
        before = await cluster.get("Service", "iris")
        await cluster.delete("Service", "iris")
        await eventually(
            lambda: cluster.find("Service", "iris"),
            lambda body: body and body["metadata"]["uid"] != before["metadata"]["uid"],
        )

        assert "403" not in operator.log()
        assert "permission" not in operator.log()


async def test_when_the_writer_is_killed_the_other_replica_takes_over(
    rights: Path, cluster: Cluster, iris: "Iris", pods: "Kubelet", tmp_path: Path
) -> None:
    with operator_process.running(rights, tmp_path, IRIS_OPERATOR_LEASE_NAMESPACE="iris-system") as first:
        await iris.declare("1.0.0")
        await iris.reaches("Serving")
        with operator_process.running(
            rights, tmp_path, IRIS_OPERATOR_LEASE_NAMESPACE="iris-system"
        ) as second:
            first.process.kill()

            await iris.declare("1.1.0")
            await iris.reaches("Serving", version="1.1.0")

            assert "this replica writes" in second.log()


async def test_a_writer_that_is_told_to_end_hands_over_at_once(
    rights: Path, cluster: Cluster, iris: "Iris", tmp_path: Path
) -> None:
    with operator_process.running(rights, tmp_path, IRIS_OPERATOR_LEASE_NAMESPACE="iris-system") as first:
        await eventually(lambda: _says(first, "this replica writes"), bool)
        with operator_process.running(
            rights, tmp_path, IRIS_OPERATOR_LEASE_NAMESPACE="iris-system"
        ) as second:
            held = await _holder(cluster)
            assert "this replica writes" not in second.log()

            first.process.terminate()
            first.process.wait()

            # Given back, and not run out: that takes 10 s.
            assert await _holder(cluster) != held
            await eventually(lambda: _says(second, "this replica writes"), bool)


async def _holder(cluster: Cluster) -> str:
    lease = await cluster.get("Lease", "iris-operator", namespace="iris-system")
    return str(lease["spec"].get("holderIdentity", ""))


async def _says(operator: operator_process.OperatorProcess, text: str) -> bool:
    return text in operator.log()
