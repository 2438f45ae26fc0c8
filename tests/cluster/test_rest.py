"""At rest the operator writes nothing, whatever its neighbours add to its objects or force on them."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.conftest import Iris, condition
from tests.harness import operator_process
from tests.harness.kubelet import Kubelet
from tests.harness.kubernetes import Cluster, Manifest, eventually
from tests.harness.operator_process import OperatorProcess

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

pytestmark = pytest.mark.cluster

# A sidecar first of all, a label, and one declared value forced.
_MUTATION = """
[
  JSONPatch{op: "add", path: "/spec/template/spec/containers/-", value: Object.spec.template.spec.containers{
    name: "proxy", image: "example.com/proxy:1"}},
  JSONPatch{op: "add", path: "/spec/template/metadata/labels/theirs.test~1team", value: "flowers"},
  JSONPatch{op: "replace", path: "/spec/template/spec/containers/0/imagePullPolicy", value: "Always"}
]
"""
_IS_MISSING = 'object.spec.template.spec.containers.all(one, one.name != "proxy")'
_AGAIN = """
[JSONPatch{op: "replace", path: "/spec/template/spec/containers/0/imagePullPolicy", value: "Always"}]
"""


def policies(namespace: str) -> list[Manifest]:
    """Admission that changes every Deployment of the namespace, as meshes and company rules do."""
    api = "admissionregistration.k8s.io/v1"
    apps = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"]}
    here = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    made: list[Manifest] = []
    for name, condition_of, expression in (
        (f"{namespace}-new", _IS_MISSING, _MUTATION),
        (f"{namespace}-known", f"!({_IS_MISSING})", _AGAIN),
    ):
        spec = {
            "matchConstraints": {"resourceRules": [{**apps, "resources": ["deployments"]}]},
            "matchConditions": [{"name": "sidecar", "expression": condition_of}],
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}],
        }
        policy = {"apiVersion": api, "kind": "MutatingAdmissionPolicy", "metadata": {"name": name}}
        binding = {**policy, "kind": "MutatingAdmissionPolicyBinding"}
        bound = {"policyName": name, "matchResources": {"namespaceSelector": here}}
        made += [{**policy, "spec": spec}, {**binding, "spec": bound}]
    return made


@pytest.fixture
async def admission(cluster: Cluster) -> AsyncIterator[None]:
    """In force: a Deployment made on trial comes back changed."""
    made = policies(cluster.namespace)
    for manifest in made:
        await cluster.create(manifest)
    labels = {"app": "trial"}
    pod = {"containers": [{"name": "server", "image": "example.com/trial:1"}]}
    trial = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "trial"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    await eventually(
        lambda: cluster.create(trial, dry_run=True),
        lambda body: len(body["spec"]["template"]["spec"]["containers"]) == 2,
    )
    yield
    for manifest in reversed(made):
        await cluster.delete(manifest["kind"], manifest["metadata"]["name"])


async def touch(cluster: Cluster) -> None:
    """Labels, annotations and a condition of somebody else, by a field manager of their own."""
    for kind in ("Deployment", "Service", "Ingress", "NetworkPolicy"):
        found = await cluster.get(kind, "iris")
        theirs: dict[str, Any] = {"theirs.test/team": "flowers"}
        metadata = {"name": "iris", "labels": theirs, "annotations": theirs}
        await cluster.apply(
            {"apiVersion": found["apiVersion"], "kind": kind, "metadata": metadata}, manager="theirs"
        )
    audited = {
        "type": "theirs.test/Audited",
        "status": "True",
        "reason": "Seen",
        "message": "seen",
        "lastTransitionTime": "2026-11-26T12:00:00Z",
    }
    whole = {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "metadata": {"name": "iris"},
        "status": {"conditions": [audited]},
    }
    await cluster.apply(whole, manager="theirs", subresource="status")


async def resyncs(operator: OperatorProcess, number: int) -> None:
    for _ in range(number):
        before = await last_resync(operator)
        await eventually(partial(last_resync, operator), before.__lt__)


async def last_resync(operator: OperatorProcess) -> float:
    return operator.counted("iris_operator_sweep_timestamp_seconds")


async def test_at_rest_nothing_is_written_whatever_others_add_or_force(
    api_server: "ApiServer",
    cluster: Cluster,
    iris: Iris,
    pods: Kubelet,
    admission: None,
    tmp_path: Path,
) -> None:
    lossy = {
        "requests": {"cpu": "0.0015", "memory": "134217727.5"},
        "limits": {"memory": "256.7Mi"},
    }
    environment = {"namespaces": cluster.namespace, "IRIS_OPERATOR_SWEEP_SECONDS": "2"}
    with operator_process.running(api_server.kubeconfig, tmp_path, **environment) as operator:
        await iris.declare(resources=lossy)
        await iris.reaches("Serving")
        await touch(cluster)
        await resyncs(operator, 2)
        before = operator.writes()

        await resyncs(operator, 2)

        assert operator.writes() == before
    status = await iris.status()
    forced = condition(status, "ChildrenAsDeclared")
    assert (forced["status"], forced["reason"]) == ("False", "ValueForced")
    where = "Deployment iris: spec.template.spec.containers[server].imagePullPolicy"
    assert forced["message"].startswith(f"{where}: found 'Always', expected 'IfNotPresent'")
    assert condition(status, "theirs.test/Audited")["status"] == "True"
    containers = (await cluster.get("Deployment", "iris"))["spec"]["template"]["spec"]["containers"]
    assert [one["name"] for one in containers] == ["server", "proxy"]
