"""IrisModels from a user's side: what their status says, and what is declared in the local cluster."""

from typing import Any

import pytest
import yaml
from iris_local_cluster import images, install, models, paths, story


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


def test_declares_the_namespace_before_what_stands_in_it() -> None:
    documents = models.manifests("2.3.4")

    assert documents[0]["kind"] == "Namespace"
    assert {each["metadata"].get("namespace", models.NAMESPACE) for each in documents} == {models.NAMESPACE}


def test_changes_nothing_but_the_version() -> None:
    written = yaml.safe_load((install.MANIFESTS / "models" / "irismodel.yaml").read_text())

    declared = next(each for each in models.manifests("2.3.4") if each["kind"] == "IrisModel")

    assert declared["spec"].pop("version") == "2.3.4"
    assert written["spec"].pop("version") == story.FIRST
    assert declared == written


def test_the_model_is_pulled_from_the_local_registry_and_asked_for_each_time() -> None:
    declared = next(each for each in models.manifests("2.3.4") if each["kind"] == "IrisModel")

    assert declared["spec"]["image"] == {
        "repository": "registry.local:5000/iris-server",
        "pullPolicy": "Always",
    }
    assert declared["spec"]["route"]["host"] == story.HOST


def test_browsers_find_the_model_by_its_localhost_name() -> None:
    ingress = next(each for each in models.manifests("2.3.4") if each["kind"] == "Ingress")

    [rule] = ingress["spec"]["rules"]
    assert rule["host"] == "iris.localhost"
    assert rule["http"]["paths"][0]["backend"]["service"]["name"] == models.NAME


def test_traefik_is_the_image_that_the_node_has() -> None:
    deployment = yaml.safe_load((install.MANIFESTS / "infrastructure/traefik/deployment.yaml").read_text())

    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == images.TRAEFIK


def test_the_operator_is_pinned_to_the_image_that_was_pushed() -> None:
    folder = paths.cluster("x") / "manifests" / "operator"
    digest = f"sha256:{'a' * 64}"

    overlay = yaml.safe_load(install.overlay(folder, digest))

    manifests = yaml.safe_load((paths.PROJECT / "operator/manifests/deployment.yaml").read_text())
    image = manifests["spec"]["template"]["spec"]["containers"][0]["image"]
    assert overlay["images"] == [
        {"name": image.rpartition(":")[0], "newName": "registry.local:5000/iris-operator", "digest": digest}
    ]
    assert (folder / overlay["resources"][0]).resolve() == install.MANIFESTS / "operator"


@pytest.mark.parametrize("folder", sorted(install.MANIFESTS.rglob("kustomization.yaml")), ids=str)
def test_every_file_of_a_folder_is_in_its_kustomization(folder: Any) -> None:
    listed = {(folder.parent / name).resolve() for name in yaml.safe_load(folder.read_text())["resources"]}

    there = {path for path in folder.parent.glob("*.yaml") if path != folder}

    assert all(path.exists() for path in listed)
    assert there <= listed
