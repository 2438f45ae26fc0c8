"""What somebody changes by hand is put back: a child by the operator, the IrisModel by Flux; no residue."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from iris_local_cluster.up import models, run

from tests.e2e.clone import Clone, flux, model_file
from tests.e2e.reconciling import reconcile
from tests.e2e.stage import UpRun

pytestmark = pytest.mark.e2e

_NAMESPACE = f"--namespace={models.NAMESPACE}"
_LISTING = "clusters/local/models/kustomization.yaml"


def until(read: Callable[[], Any], wanted: Any, *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while (found := read()) != wanted:
        assert time.monotonic() < deadline, f"after {seconds:.0f} s: {found}, expected {wanted}"
        time.sleep(0.3)


def test_a_child_changed_by_hand_is_repaired_by_the_operator_and_flux_has_nothing_to_say(
    up_run: UpRun,
) -> None:
    before = flux(up_run, "Kustomization", "models")
    service = up_run.kubectl.read("service", "iris", _NAMESPACE)

    patch = {"spec": {"selector": {"app.kubernetes.io/instance": "somebody-else"}}}
    up_run.kubectl.run("patch", "service/iris", _NAMESPACE, f"--patch={json.dumps(patch)}")

    until(lambda: up_run.kubectl.read("service", "iris", _NAMESPACE)["spec"], service["spec"])
    assert flux(up_run, "Kustomization", "models") == before
    assert models.predict(up_run.cluster.ingress, run.HOST)["model_version"] == run.SECOND


def test_an_irismodel_changed_by_hand_is_put_back_by_flux_and_the_operator_follows(up_run: UpRun) -> None:
    def declared() -> Any:
        return up_run.kubectl.read("irismodel", "iris", _NAMESPACE)["spec"]

    def pods() -> Any:
        return up_run.kubectl.read("deployment", "iris", _NAMESPACE)["spec"]["replicas"]

    before = declared()
    up_run.kubectl.run(
        "patch", "irismodel/iris", _NAMESPACE, "--type=merge", '--patch={"spec":{"replicas":3}}'
    )
    until(pods, 3)

    reconcile(up_run, "kustomization", "models", namespace="flux-system")

    assert declared() == before
    until(pods, before["replicas"])


def test_models_suspended_as_the_page_of_rollbacks_says_stay_suspended(up_run: UpRun) -> None:
    """By plain kubectl it is undone, like every change by hand."""

    def suspend(value: bool, *options: str) -> Any:
        place = ("kustomization/models", "--namespace=flux-system")
        patch = json.dumps({"spec": {"suspend": value}})
        up_run.kubectl.run("patch", *place, "--type=merge", f"--patch={patch}", *options)
        reconcile(up_run, "kustomization", "flux-system", namespace="flux-system")
        return up_run.kubectl.read(*place)["spec"].get("suspend")

    try:
        assert suspend(True) is None
        assert suspend(True, "--field-manager=flux") is True
    finally:
        suspend(False, "--field-manager=flux")


def test_a_model_deleted_from_git_leaves_nothing_behind(up_run: UpRun, clone: Clone) -> None:
    listing = clone.read(_LISTING)
    clone.write(
        "clusters/local/models/third.yaml",
        model_file("third", autoscaling={"minReplicas": 1, "maxReplicas": 2}),
    )
    clone.write(_LISTING, listing.replace("  - ../version.yaml\n", "  - ../version.yaml\n  - third.yaml\n"))
    clone.applied(clone.push("Add a third model"))
    assert len(_left(up_run, "third")) > 8

    clone.git("revert", "--no-edit", "HEAD")
    clone.applied(clone.push("Take it away again"))

    until(lambda: _left(up_run, "third"), [])
    assert models.look(up_run.kubectl).ready


def _left(up_run: UpRun, model: str) -> list[str]:
    """Every object of any kind that carries the model's name or label."""
    kinds = up_run.kubectl.run("api-resources", "--namespaced", "--verbs=list", "--output=name").split()
    # Events tell of the past, and metrics are of what runs.
    asked = ",".join(kind for kind in kinds if "event" not in kind and "metrics" not in kind)
    labelled = up_run.kubectl.run(
        "get", asked, _NAMESPACE, f"--selector=app.kubernetes.io/instance={model}", "--output=name"
    )
    named = up_run.kubectl.run("get", "irismodels", _NAMESPACE, "--output=name")
    return [*labelled.split(), *(each for each in named.split() if each.endswith(f"/{model}"))]
