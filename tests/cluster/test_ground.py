"""The ground moves under a running operator: a right goes and comes back, a namespace goes for good."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from iris_api import kinds, reasons
from iris_operator import cluster as ours
from iris_operator import errors

from tests.cluster.conftest import MANIFESTS
from tests.harness import operator_process
from tests.harness.kubernetes import Cluster, Manifest, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from iris_local_cluster.api_server import ApiServer

    from tests.cluster.conftest import Iris
    from tests.harness.kubelet import Kubelet
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster

# A verb, and a change that needs it. What only a new watch needs is taken in tests/faults.
NEEDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "patch": {"replicas": 3},
    "delete": {"monitoring": {"dashboard": {"enabled": False}}},
    "create": {"monitoring": {"dashboard": {"enabled": True}}},
    "get": {"networkPolicy": {"enabled": False}},
    "list": {},  # each resync
}


def without(role: Manifest, verb: str) -> Manifest:
    rules = [{**rule, "verbs": [one for one in rule["verbs"] if one != verb]} for rule in role["rules"]]
    return {**role, "rules": [rule for rule in rules if rule["verbs"]]}


async def test_the_operator_goes_on_when_a_right_that_was_taken_comes_back(
    rights: "Path", cluster: Cluster, iris: "Iris", pods: "Kubelet", tmp_path: "Path"
) -> None:
    role = yaml.safe_load((MANIFESTS / "cluster-role.yaml").read_text("utf-8"))
    settings = {"IRIS_OPERATOR_LEASE_NAMESPACE": "iris-system", "IRIS_OPERATOR_SWEEP_SECONDS": "2"}
    with operator_process.running(rights, tmp_path, **settings) as operator:
        declared: dict[str, Any] = {}
        await iris.declare()
        await iris.reaches("Serving")
        for verb, change in NEEDS.items():
            declared |= change
            refusals = operator.log().count(" 403 ")

            await cluster.apply(without(role, verb))
            await iris.declare(**declared)
            await eventually(partial(_refused_again, operator, refusals), bool)
            await cluster.apply(role)

            await iris.reaches("Serving")
            # A child that serving does not need is refused beside a Ready that stays True.
            await eventually(iris.status, _refuses_nothing)
        assert "Traceback" not in operator.log()


def _refuses_nothing(status: Manifest) -> bool:
    return all(row["reason"] != reasons.CHILD_REFUSED for row in status["conditions"])


async def _refused_again(operator: "OperatorProcess", before: int) -> bool:
    return operator.log().count(" 403 ") > before


async def test_nothing_is_tried_for_long_where_a_namespace_ends(
    api_server: "ApiServer", cluster: Cluster
) -> None:
    """The API server's own answer, which the queue's growing waits and warnings are not for."""
    place = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ending"}}
    held = {"name": "held", "finalizers": ["tests.two.inc/held"]}
    await cluster.create(place)
    await cluster.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": held}, namespace="ending")
    await cluster.delete("Namespace", "ending")
    child = {"apiVersion": "v1", "kind": "ServiceAccount"}
    child["metadata"] = {"name": "iris", "namespace": "ending"}  # type: ignore[assignment]

    async with await ours.connect(str(api_server.kubeconfig)) as api:
        with pytest.raises(errors.ClusterError, match="is being terminated") as refusal:
            await api.apply(kinds.SERVICE_ACCOUNT, child)

    assert refusal.value.ending
    await cluster.patch("ConfigMap", "held", {"metadata": {"finalizers": None}}, namespace="ending")


async def test_a_create_only_apply_leaves_an_existing_object_alone(
    api_server: "ApiServer", cluster: Cluster
) -> None:
    """No other owner has a say here: a ServiceAccount has hardly a field on which two could differ."""
    theirs = await cluster.create(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "theirs"}}
    )
    labels = {"made-by": "us"}

    def account(name: str) -> Manifest:
        metadata = {"name": name, "namespace": cluster.namespace, "labels": labels}
        return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}

    async with await ours.connect(str(api_server.kubeconfig)) as api:
        made = await api.apply(kinds.SERVICE_ACCOUNT, account("ours"), absent=True)
        with pytest.raises(errors.ClusterError) as refused:
            await api.apply(kinds.SERVICE_ACCOUNT, account("theirs"), absent=True)

    assert refused.value.code == 409
    assert await cluster.get("ServiceAccount", "theirs") == theirs
    assert made["metadata"]["labels"] == labels
    assert {entry["operation"] for entry in made["metadata"]["managedFields"]} == {"Apply"}
