"""The workflow tag, run by act with publish and charts: images, charts and their signatures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.workflows.act import Forge, Run

# Six jobs install the project each.
pytestmark = [pytest.mark.workflows, pytest.mark.timeout(1800)]

_OWNER = "ghcr.io/example"
_IMAGES = ("iris-server", "iris-model", "iris-operator")
_INDEX = "apiVersion: v1\nentries: {iris-model: [{name: iris-model, version: 1.0.0, urls: [a]}]}\n"


@pytest.fixture(scope="module")
def released(forge: Forge) -> Run:
    run = forge.start("tag", {"size": "1.1.0"}).finish()
    assert run.code == 0, run.log[-5000:]
    return run


def _digest(forge: Forge, image: str) -> str:
    return (forge.folder / "images" / f"{_OWNER}/{image}:1.1.0").read_text()


def test_tag_pushes_a_tag_with_the_right_to_push_and_builds_from_it_without(
    forge: Forge, released: Run
) -> None:
    checkouts = released.given("actions/checkout")

    assert forge.shown("v1.1.0", "Makefile")
    assert [(given["ref"], given["persist-credentials"]) for given in checkouts] == [
        ("", "true"),
        *[("v1.1.0", "false")] * 5,
    ]


def test_publish_builds_each_image_at_the_tags_commit(forge: Forge, released: Run) -> None:
    revision = forge.git("rev-list", "--max-count=1", "v1.1.0")
    built = {given["tags"]: given for given in released.given("docker/build-push-action")}

    assert set(built) == {f"{_OWNER}/{image}:1.1.0" for image in _IMAGES}
    for given in built.values():
        assert given["build-args"].splitlines()[:2] == ["VERSION=1.1.0", f"REVISION={revision}"]


@pytest.mark.parametrize("image", _IMAGES)
def test_publish_signs_and_attests_the_digest_that_was_pushed(
    forge: Forge, released: Run, image: str
) -> None:
    name, digest = f"{_OWNER}/{image}", _digest(forge, image)

    assert f"{name}@{digest}" in [given["image"] for given in released.given("anchore/sbom-action")]
    assert ["sign", "--yes", f"{name}@{digest}"] in released.given("cosign")
    for action in ("actions/attest", "actions/attest-build-provenance"):
        subjects = [(given["subject-name"], given["subject-digest"]) for given in released.given(action)]
        assert (name, digest) in subjects


def test_charts_pushes_and_signs_both_charts_and_publishes_the_index(released: Run) -> None:
    signed = [words[2] for words in released.given("cosign") if "/charts/" in words[2]]

    assert len(released.given("helm push")) == 2
    assert [reference.partition("@sha256:")[0] for reference in signed] == [
        f"{_OWNER}/charts/{chart}" for chart in ("iris-operator", "iris-model")
    ]
    assert all(len(reference.partition("@sha256:")[2]) == 64 for reference in signed)
    assert released.given("actions/upload-pages-artifact") == [{"path": "site"}]
    assert len(released.given("actions/deploy-pages")) == 1


@pytest.fixture
def page(forge: Forge, released: Run) -> Iterator[Path]:
    """The file with the status that the repository's page answers."""
    status = forge.folder / "page-status"
    yield status
    status.unlink(missing_ok=True)


def _charts(forge: Forge) -> Run:
    inputs = {"version": "1.1.0", "ref": "v1.1.0"}
    return forge.start("charts", inputs, event="workflow_call", job="charts").finish()


def test_charts_refuses_to_replace_the_index_when_the_page_does_not_answer(forge: Forge, page: Path) -> None:
    page.write_text("503")

    run = _charts(forge)

    assert run.code != 0
    assert "found status 503, expected 200 or 404" in run.log
    assert run.given("actions/upload-pages-artifact") == []


def test_charts_keeps_the_former_releases_in_the_index(forge: Forge, page: Path) -> None:
    page.write_text("200")
    (forge.folder / "page-index").write_text(_INDEX)

    run = _charts(forge)

    assert run.code == 0, run.log[-5000:]
    index = yaml.safe_load((forge.folder / "uploaded" / "index.yaml").read_text())
    assert [entry["version"] for entry in index["entries"]["iris-model"]] == ["1.1.0", "1.0.0"]
