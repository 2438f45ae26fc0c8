"""What Flux makes of a model in each of its states, by the kustomize-controller's own code."""

import json
import subprocess
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from tests.clusters import declared

if TYPE_CHECKING:
    from tests.clusters.conftest import FluxProgram
    from tests.harness.kubernetes import Cluster

pytestmark = pytest.mark.cluster

Ask = Callable[[str, Mapping[str, Any]], str]


@pytest.fixture(scope="session")
def ask(flux_program: "FluxProgram") -> Ask:
    """A cluster's name and a model to the status that its Flux gives it."""

    program = flux_program("health")

    def asked(name: str, model: Mapping[str, Any]) -> str:
        [expressions] = declared.steps(name)["models"]["spec"]["healthCheckExprs"]
        assert (expressions["apiVersion"], expressions["kind"]) == (model["apiVersion"], model["kind"])
        question = json.dumps({"expressions": expressions, "objects": [model]})
        answer = subprocess.run([program], input=question, capture_output=True, text=True, check=True)
        [status] = json.loads(answer.stdout)
        return str(status)

    return asked


def _model(status: Mapping[str, Any], *, generation: int = 3) -> dict[str, Any]:
    metadata = {"name": "iris", "generation": generation}
    return {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "metadata": metadata,
        "status": status,
    }


def _status(observed: int = 3, **conditions: str) -> dict[str, Any]:
    listed = [{"type": kind, "status": value, "reason": "Told"} for kind, value in conditions.items()]
    return {"observedGeneration": observed, "conditions": listed}


_STATES = {
    "empty": (_status(), "InProgress"),
    "without conditions": ({"observedGeneration": 3}, "InProgress"),
    "rolling": (_status(Ready="False", Reconciling="True"), "InProgress"),
    "stalled": (_status(Ready="False", Stalled="True"), "Failed"),
    "ready": (_status(Ready="True"), "Current"),
    "ready in an older generation": (_status(2, Ready="True"), "InProgress"),
    "stalled in an older generation": (_status(2, Ready="False", Stalled="True"), "InProgress"),
    "suspended with another version": (_status(Ready="False"), "InProgress"),
}


@pytest.mark.parametrize("state", _STATES)
@pytest.mark.parametrize("name", declared.NAMES)
def test_flux_sees_a_model_as_it_is(ask: Ask, name: str, state: str) -> None:
    status, expected = _STATES[state]

    assert ask(name, _model(status)) == expected


@pytest.mark.parametrize("name", declared.NAMES)
async def test_a_model_that_was_just_created_is_in_progress(ask: Ask, whole: "Cluster", name: str) -> None:
    """As the API server hands it out: nobody has looked at it yet."""
    model = {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "metadata": {"name": "fresh"},
        "spec": {"version": "1.0.0"},
    }
    fresh = await whole.create(model, dry_run=True)

    assert ask(name, fresh) == "InProgress"
