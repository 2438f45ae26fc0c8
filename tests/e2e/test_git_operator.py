"""The operator itself by commit: a new release of it restarts no model, and at rest nobody writes."""

import pytest
from iris_local_cluster.up import models, run

from tests.e2e.clone import Clone, flux_until
from tests.e2e.reconciling import objects_of, reconcile, writes
from tests.e2e.stage import UpRun

pytestmark = pytest.mark.e2e

_CHART = "charts/iris-operator"
_SYSTEM = "--namespace=iris-system"
_MODELS = f"--namespace={models.NAMESPACE}"
_FIXED = "      - {op: add, path: /spec/replicas, value: 2}\n"
_AUTOSCALED = "      - {op: add, path: /spec/autoscaling, value: {minReplicas: 2, maxReplicas: 4}}\n"


def _pods(up_run: UpRun, place: str, name: str) -> dict[str, int]:
    """Pod by uid to how often it has restarted."""
    pods = up_run.kubectl.read("pods", place, f"--selector=app.kubernetes.io/name={name}")["items"]
    return {
        pod["metadata"]["uid"]: sum(each["restartCount"] for each in pod["status"]["containerStatuses"])
        for pod in pods
        if "deletionTimestamp" not in pod["metadata"]
    }


def test_an_operator_upgraded_by_commit_restarts_no_model(up_run: UpRun, clone: Clone) -> None:
    operators, served = _pods(up_run, _SYSTEM, "iris-operator"), _pods(up_run, _MODELS, "iris-server")
    chart = clone.read(f"{_CHART}/Chart.yaml").replace("version: 0.1.0", "version: 0.2.0")
    values = clone.read(f"{_CHART}/values.yaml").replace("logLevel: INFO", "logLevel: DEBUG")
    clone.write(f"{_CHART}/Chart.yaml", chart)
    clone.write(f"{_CHART}/values.yaml", values)

    commit = clone.push("Release another operator")

    clone.applied(commit)
    assert _released(up_run, commit).startswith("0.2.0")
    up_run.kubectl.rolled_out("deployment", "iris-operator", namespace="iris-system")
    assert not set(operators) & set(_pods(up_run, _SYSTEM, "iris-operator"))
    assert _pods(up_run, _MODELS, "iris-server") == served
    now = models.look(up_run.kubectl)
    assert (now.ready, now.serving) == (True, run.SECOND)


def test_flux_and_the_operator_live_in_peace_with_an_autoscaler(up_run: UpRun, clone: Clone) -> None:
    """Ten looks of Flux at everything: not one write of Flux, of the operator or of Helm follows."""
    path = "clusters/local/models/kustomization.yaml"
    clone.write(path, clone.read(path).replace(_FIXED, _AUTOSCALED))
    commit = clone.push("Scale by load")
    clone.applied(commit)
    _released(up_run, commit)
    before = objects_of(up_run.kubectl, "iris", namespace=models.NAMESPACE)
    release = up_run.kubectl.read("helmrelease", "iris-operator", _SYSTEM)["status"]["history"]

    for _ in range(10):
        reconcile(up_run, "kustomization", "models", namespace="flux-system")
    reconcile(up_run, "helmrelease", "iris-operator", namespace="iris-system")

    after = objects_of(up_run.kubectl, "iris", namespace=models.NAMESPACE)
    assert {each["kind"] for each in after} >= {"IrisModel", "Deployment", "HorizontalPodAutoscaler"}
    for manager in ("kustomize-controller", "iris-operator"):
        assert writes(after, manager) == writes(before, manager) != {}
    assert _generations(after) == _generations(before)
    assert up_run.kubectl.read("helmrelease", "iris-operator", _SYSTEM)["status"]["history"] == release


def _released(up_run: UpRun, commit: str) -> str:
    """The version of the installed chart, once it is this commit's: every commit is a chart of its own."""
    release = flux_until(
        up_run,
        "HelmRelease",
        "iris-operator",
        lambda each: each.ready == "True" and each.revision.endswith(commit[:12]),
    )
    return release.revision


def _generations(manifests: list[dict[str, dict[str, str]]]) -> dict[str, str]:
    """What counts every change of what is declared, whoever made it."""
    return {each["metadata"]["uid"]: each["metadata"].get("generation", "") for each in manifests}
