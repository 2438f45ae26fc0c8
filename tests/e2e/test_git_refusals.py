"""A commit that cannot be served: what Flux says, what the operator says, and that reverting is the cure."""

import pytest
from iris_local_cluster import models, story

from tests.e2e.clone import Clone, flux_until
from tests.e2e.stage import Told

pytestmark = pytest.mark.e2e

_GOOD = story.SECOND


def test_a_version_without_an_image_fails_early_and_is_reverted(told: Told, clone: Clone) -> None:
    clone.declare("9.9.9")

    # Long before its timeout of ten minutes: as soon as the operator says that it cannot be served.
    said = flux_until(told, "Kustomization", "models", lambda each: "failed early" in each.message)
    now = models.look(told.kubectl)
    assert (said.ready, said.reason) == ("False", "HealthCheckFailed")
    assert "IrisModel/iris/iris status: 'Failed'" in said.message
    assert (now.declared, now.reason, now.serving) == ("9.9.9", "ImagePullFailed", _GOOD)
    assert "iris-server:9.9.9" in now.message
    assert models.predict(told.cluster.ingress, story.HOST)["model_version"] == _GOOD

    clone.git("revert", "--no-edit", "HEAD")
    clone.applied(clone.push("Serve what was served before"))

    now = models.look(told.kubectl)
    assert (now.declared, now.serving, now.ready, now.stalled) == (_GOOD, _GOOD, True, False)


def test_a_spec_that_the_api_refuses_changes_nothing(told: Told, clone: Clone) -> None:
    before = told.kubectl.read("irismodel", "iris", f"--namespace={models.NAMESPACE}")

    clone.declare("1.4.0+build")

    said = flux_until(told, "Kustomization", "models", lambda each: "is invalid" in each.message)
    assert said.ready == "False"
    assert "spec.version: Invalid value" in said.message
    after = told.kubectl.read("irismodel", "iris", f"--namespace={models.NAMESPACE}")
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert models.look(told.kubectl).ready
