"""What the operator costs the API server, and what goes on without it. Each test has its own operator."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cluster.conftest import CHILDREN, gone
from tests.harness import operator_process
from tests.harness.kubernetes import Cluster, eventually

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

    from tests.cluster.conftest import Iris
    from tests.harness.kubelet import Kubelet
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster


async def test_deleting_the_irismodel_cleans_up_with_the_operator_stopped(
    api_server: "ApiServer", cluster: Cluster, iris: "Iris", tmp_path: Path
) -> None:
    with operator_process.running(api_server.kubeconfig, tmp_path, namespaces=cluster.namespace):
        await iris.declare()
        for child in CHILDREN:
            await _there(cluster, *child)

    await cluster.delete("IrisModel", "iris")

    for kind, name in CHILDREN:
        await gone(cluster, kind, name)


async def test_at_rest_nothing_is_written_or_read(
    lone_operator: "OperatorProcess", cluster: Cluster, iris: "Iris", pods: "Kubelet"
) -> None:
    await iris.declare()
    await iris.reaches("Serving")
    quiet = lone_operator.counted("rest_client_requests_total")

    # Something that concerns the model and asks for no change: a foreign annotation on a child.
    passes = lone_operator.counted("controller_runtime_reconcile_total")
    await cluster.patch("Service", "iris", {"metadata": {"annotations": {"theirs.test/note": "hello"}}})
    await eventually(lambda: _later(lone_operator, passes), bool)

    assert lone_operator.counted("rest_client_requests_total") == quiet


async def test_a_new_irismodel_costs_its_children_and_one_status_write(
    lone_operator: "OperatorProcess", cluster: Cluster, iris: "Iris"
) -> None:
    before = lone_operator.writes()

    await iris.declare()
    await iris.reaches("Progressing")
    await eventually(lambda: cluster.list("Pod"), lambda found: len(found) == 2)

    # The children, one event; the status once, and once more when the Deployment had counted its pods.
    assert lone_operator.writes() - before <= len(CHILDREN) + 1 + 2


async def _later(operator: "OperatorProcess", passes: float) -> bool:
    return operator.counted("controller_runtime_reconcile_total") > passes


async def _there(cluster: Cluster, kind: str, name: str) -> None:
    await eventually(lambda: cluster.find(kind, name), bool)
