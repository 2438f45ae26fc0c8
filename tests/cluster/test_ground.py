"""The ground moves under a running operator: a right goes, and comes back."""

from typing import TYPE_CHECKING

import pytest
import yaml

from tests.cluster.conftest import MANIFESTS
from tests.harness import operator_process
from tests.harness.kubernetes import Cluster, Manifest, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.conftest import Iris
    from tests.harness.kubelet import Kubelet
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster

_WITHIN = 60.0


def without(role: Manifest, verb: str, resource: str) -> Manifest:
    rules = [
        {**rule, "verbs": [one for one in rule["verbs"] if one != verb or resource not in rule["resources"]]}
        for rule in role["rules"]
    ]
    return {**role, "rules": rules}


async def test_goes_on_when_a_right_that_was_taken_comes_back(
    rights: "Path", cluster: Cluster, iris: "Iris", pods: "Kubelet", tmp_path: "Path"
) -> None:
    role = yaml.safe_load((MANIFESTS / "cluster-role.yaml").read_text("utf-8"))
    with operator_process.running(rights, tmp_path, IRIS_OPERATOR_LEASE_NAMESPACE="iris-system") as operator:
        await iris.declare()
        await iris.reaches("Serving", within=_WITHIN)

        await cluster.apply(without(role, "patch", "deployments"))
        await iris.declare("1.1.0")
        await eventually(lambda: _says(operator, "403"), bool, within=_WITHIN)
        await cluster.apply(role)

        await iris.reaches("Serving", version="1.1.0", within=_WITHIN)
        assert "Traceback" not in operator.log()


async def _says(operator: "OperatorProcess", text: str) -> bool:
    return text in operator.log()
