"""The status of Flux's objects, and the first step that is behind."""

from typing import Any

from iris_local_cluster.flux import flux_status

_COMMIT = "1a2b3c4d" * 5
_OLDER = "99999999" * 5


def step(
    name: str, *, commit: str = _COMMIT, ready: str = "True", message: str = ""
) -> flux_status.FluxObject:
    return flux_status.FluxObject("Kustomization", name, ready, "", message, f"main@sha1:{commit}")


def source(commit: str = _COMMIT) -> flux_status.FluxObject:
    return flux_status.FluxObject("GitRepository", "flux-system", "True", "", "", f"main@sha1:{commit}")


def document(kind: str, status: dict[str, Any], *, observed: int = 2) -> dict[str, Any]:
    return {
        "kind": kind,
        "metadata": {"name": "it", "generation": 2},
        "status": {"observedGeneration": observed, **status},
    }


def ready(status: str, message: str = "") -> list[dict[str, str]]:
    return [{"type": "Ready", "status": status, "reason": "Because", "message": message}]


def test_the_revision_of_each_flux_kind_is_read_from_its_own_field() -> None:
    git = document("GitRepository", {"artifact": {"revision": "main@sha1:1a"}, "conditions": ready("True")})
    applied = document("Kustomization", {"lastAppliedRevision": "main@sha1:2b", "conditions": ready("True")})
    chart = document("HelmRelease", {"history": [{"chartVersion": "0.1.0+3c"}], "conditions": ready("True")})

    assert [flux_status.parse(each).revision for each in (git, applied, chart)] == [
        "main@sha1:1a",
        "main@sha1:2b",
        "0.1.0+3c",
    ]


def test_a_flux_condition_of_an_older_generation_is_unknown() -> None:
    found = flux_status.parse(document("Kustomization", {"conditions": ready("True")}, observed=1))

    assert found.ready == "Unknown"


def test_a_step_that_waits_for_its_dependency_has_not_failed() -> None:
    waiting = [{"type": "Ready", "status": "False", "reason": "DependencyNotReady", "message": "not ready"}]

    assert flux_status.parse(document("Kustomization", {"conditions": waiting})).ready == "Unknown"


def test_only_the_first_line_of_a_message_is_kept() -> None:
    found = flux_status.parse(
        document("Kustomization", {"conditions": ready("False", "it failed\nstack\nmore")})
    )

    assert (found.ready, found.message) == ("False", "it failed")


def test_a_flux_object_without_a_status_has_no_revision() -> None:
    found = flux_status.parse({"kind": "HelmRelease", "metadata": {"name": "it", "generation": 1}})

    assert (found.ready, found.revision) == ("Unknown", "")


def test_a_commit_has_arrived_when_all_steps_are_ready_with_it() -> None:
    names = ("crds", "models")

    assert flux_status.arrived([source(), step("crds"), step("models")], _COMMIT, names)
    assert not flux_status.arrived([source(), step("crds"), step("models", commit=_OLDER)], _COMMIT, names)
    assert not flux_status.arrived([source(), step("crds"), step("models", ready="Unknown")], _COMMIT, names)
    assert not flux_status.arrived([source(), step("crds")], _COMMIT, names)


def test_the_first_step_that_is_behind_is_named_with_its_message() -> None:
    names = ("crds", "operator", "models")
    objects = [source(), step("crds"), step("operator", ready="False", message="no chart"), step("models")]

    assert flux_status.next_behind(objects, _COMMIT, names) == "Kustomization operator: no chart"
    assert (
        flux_status.next_behind([source(_OLDER)], _COMMIT, names)
        == "GitRepository flux-system: not fetched yet"
    )
    assert flux_status.next_behind([source()], _COMMIT, names) == "Kustomization crds: not created yet"
    assert flux_status.next_behind([], _COMMIT, ()) == "Flux has not started"
