"""What a step of Flux does with an object that is refused, by Flux's own code and the rights of the step."""

import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.clusters import declared
from tests.harness.kubernetes import Cluster, Manifest

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

    from tests.clusters.conftest import FluxProgram

pytestmark = pytest.mark.cluster

REFUSED: dict[str, tuple[Manifest, str]] = {
    "an object that the step has no right on": (
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "notes", "namespace": "iris"}},
        "is forbidden",
    ),
    "a model in a namespace that the step has no right in": (
        {
            "apiVersion": "serving.two.inc/v1alpha1",
            "kind": "IrisModel",
            "metadata": {"name": "other", "namespace": "default"},
            "spec": {"version": "1.0.0"},
        },
        "is forbidden",
    ),
    "a model whose spec is invalid": (
        {
            "apiVersion": "serving.two.inc/v1alpha1",
            "kind": "IrisModel",
            "metadata": {"name": "other", "namespace": "iris"},
            "spec": {"version": "1.0.0", "replicas": -1},
        },
        "is invalid",
    ),
}


class Step:
    """Applies objects as the step `models` does."""

    def __init__(self, program: Path, kubeconfig: Path) -> None:
        self._command = [program, kubeconfig]

    def apply(self, *objects: Manifest) -> str:
        """Flux's error, or nothing."""
        question = json.dumps(objects)
        answer = subprocess.run(self._command, input=question, capture_output=True, text=True, check=False)
        return answer.stderr if answer.returncode else ""


@pytest.fixture
async def step(flux_program: "FluxProgram", whole_api: "ApiServer", whole: Cluster) -> AsyncIterator[Step]:
    """With the rights that the cluster's own manifests give it."""
    await whole.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}})
    for manifest in declared.built(declared.CLUSTERS / "base/infrastructure/models-access"):
        await whole.apply(manifest, namespace=manifest["metadata"].get("namespace", ""))
    account = whole_api.kubeconfig_of_service_account("flux-system", "models")
    yield Step(flux_program("apply"), account)
    if await whole.find("IrisModel", "iris", namespace="iris"):
        await whole.delete("IrisModel", "iris", namespace="iris")


def model(version: str) -> dict[str, Any]:
    return {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "metadata": {"name": "iris", "namespace": "iris"},
        "spec": {"version": version},
    }


@pytest.mark.parametrize("case", REFUSED)
async def test_a_refused_object_holds_back_its_own_step_and_no_other(
    step: Step, whole: Cluster, case: str
) -> None:
    refused, words = REFUSED[case]
    first = step.apply(model("1.0.0"))

    together = step.apply(refused, model("1.1.0"))
    held_back = await whole.get("IrisModel", "iris", namespace="iris")
    alone, beside = step.apply(refused), step.apply(model("1.1.0"))
    applied = await whole.get("IrisModel", "iris", namespace="iris")

    assert (first, beside) == ("", "")
    assert words in together
    assert words in alone
    assert held_back["spec"]["version"] == "1.0.0"
    assert applied["spec"]["version"] == "1.1.0"
