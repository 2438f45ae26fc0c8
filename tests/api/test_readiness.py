"""What a status says about the present spec, and what it does not."""

from typing import Any

import pytest
from iris_api import readiness


def model(*conditions: tuple[str, str], observed: int = 3, serving: str | None = "1.0.0") -> dict[str, Any]:
    false = {("Ready", reason) for _, reason in conditions if reason != "Serving"}
    listed = [
        {
            "type": kind,
            "status": "False" if (kind, reason) in false else "True",
            "reason": reason,
            "message": f"because of {reason}",
        }
        for kind, reason in conditions
    ]
    return {
        "metadata": {"generation": 3},
        "spec": {"version": "1.1.0"},
        "status": {"observedGeneration": observed, "servingVersion": serving, "conditions": listed},
    }


def test_a_new_model_has_no_status_yet() -> None:
    fresh = {
        "metadata": {"generation": 1},
        "spec": {"version": "1.0.0"},
        "status": {"observedGeneration": -1},
    }

    now = readiness.of(fresh)

    assert (now.declared, now.serving, now.ready, now.stalled) == ("1.0.0", "", False, False)


def test_a_served_model_is_ready() -> None:
    now = readiness.of(model(("Ready", "Serving")))

    assert now.ready
    assert not now.stalled
    assert now.serving == "1.0.0"


def test_the_reason_of_a_stalled_model_is_read() -> None:
    now = readiness.of(model(("Ready", "ImagePullFailed"), ("Stalled", "ImagePullFailed")))

    assert now.stalled
    assert not now.ready
    assert (now.reason, now.message) == ("ImagePullFailed", "because of ImagePullFailed")


def test_a_models_conditions_of_an_older_generation_do_not_count() -> None:
    """Else a version just declared would look ready, or stuck, because the one before was."""
    ready = readiness.of(model(("Ready", "Serving"), observed=2))
    stuck = readiness.of(model(("Stalled", "PodsCrashing"), observed=2))

    assert not ready.ready
    assert not stuck.stalled
    assert stuck.reason == ""


def test_the_revision_that_declared_a_model_is_read() -> None:
    document = model(("Ready", "Serving"))
    document["status"]["source"] = {"revision": "main@sha1:1a2b", "kustomization": "flux-system/models"}

    assert readiness.of(document).source == "main@sha1:1a2b"


@pytest.mark.parametrize("observed", [-1, 2, 4])
def test_only_a_status_of_exactly_this_generation_is_current(observed: int) -> None:
    """A higher generation is of a former object of this name."""
    body = model(("Ready", "Serving"), observed=observed)

    assert not readiness.is_current(body)
    assert readiness.condition(body, "Ready") == {}
    assert not readiness.of(body).ready


def test_a_model_without_a_status_is_not_current() -> None:
    assert not readiness.of({"metadata": {"generation": 1}, "spec": {"version": "1.0.0"}}).current
