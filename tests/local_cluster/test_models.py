"""IrisModels from a user's side: what their status says."""

from typing import Any

from iris_local_cluster.up import models


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


def test_a_fresh_model_stands_nowhere_yet() -> None:
    fresh = {
        "metadata": {"generation": 1},
        "spec": {"version": "1.0.0"},
        "status": {"observedGeneration": -1},
    }

    now = models.standing(fresh)

    assert (now.declared, now.serving, now.ready, now.stalled) == ("1.0.0", None, False, False)


def test_a_served_model_is_ready() -> None:
    now = models.standing(model(("Ready", "Serving")))

    assert now.ready
    assert not now.stalled
    assert now.serving == "1.0.0"


def test_a_stuck_model_says_why_it_is_stuck() -> None:
    now = models.standing(model(("Ready", "ImagePullFailed"), ("Stalled", "ImagePullFailed")))

    assert now.stalled
    assert not now.ready
    assert (now.reason, now.message) == ("ImagePullFailed", "because of ImagePullFailed")


def test_conditions_about_an_older_spec_say_nothing_about_this_one() -> None:
    """Else a version just declared would look ready, or stuck, because the one before was."""
    ready = models.standing(model(("Ready", "Serving"), observed=2))
    stuck = models.standing(model(("Stalled", "PodsCrashing"), observed=2))

    assert not ready.ready
    assert not stuck.stalled
    assert stuck.reason == ""


def test_a_model_tells_which_revision_asked_for_it() -> None:
    document = model(("Ready", "Serving"))
    document["status"]["source"] = {"revision": "main@sha1:1a2b", "kustomization": "flux-system/models"}

    assert models.standing(document).source == "main@sha1:1a2b"
