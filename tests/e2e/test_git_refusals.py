"""A commit that the API refuses: what Flux says, and that nothing has changed."""

import pytest
from iris_local_cluster.up import models

from tests.e2e.clone import Clone, flux_until
from tests.e2e.stage import UpRun

pytestmark = pytest.mark.e2e


def test_a_spec_that_the_api_refuses_changes_nothing(up_run: UpRun, clone: Clone) -> None:
    before = up_run.kubectl.read("irismodel", "iris", f"--namespace={models.NAMESPACE}")

    clone.declare("1.4.0+build")

    said = flux_until(up_run, "Kustomization", "models", lambda each: "is invalid" in each.message)
    assert said.ready == "False"
    assert "spec.version: Invalid value" in said.message
    after = up_run.kubectl.read("irismodel", "iris", f"--namespace={models.NAMESPACE}")
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert models.look(up_run.kubectl).ready
