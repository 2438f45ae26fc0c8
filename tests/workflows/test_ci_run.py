"""The workflow ci, run by act: a pull request's tests, then its images. Its own input shortens the tests."""

import re

import pytest

from tests.workflows.act import REPOSITORY, Forge, Run

# Six jobs install the project each.
pytestmark = [pytest.mark.workflows, pytest.mark.timeout(1800)]

_TESTS = "tests/repository/test_tiers.py"


@pytest.fixture(scope="module")
def tested(forge: Forge) -> Run:
    head = {"sha": forge.git("rev-parse", "HEAD"), "repo": {"full_name": REPOSITORY}}
    payload = {"number": 17, "pull_request": {"number": 17, "head": head}}
    run = forge.start("ci", {"tests": _TESTS}, event="pull_request", payload=payload).finish()
    assert run.code == 0, run.log[-5000:]
    return run


def test_ci_trains_a_model_and_runs_the_tests_as_root_with_no_tier_left_out(tested: Run) -> None:
    [words] = tested.given("sudo")

    assert words[0] == "env"
    assert words[2:] == ["CI=true", "make", "test", f"TESTS={_TESTS}"]
    assert re.search(r"process +\d+ +passed", tested.log), tested.log[-5000:]
    assert "test: NOT RUN" not in tested.log


def test_ci_gives_no_credentials_to_the_code_of_a_pull_request(tested: Run) -> None:
    checkouts = tested.given("actions/checkout")

    assert len(checkouts) == 6
    assert {given["persist-credentials"] for given in checkouts} == {"false"}


def test_ci_builds_the_images_of_a_pull_request_under_a_version_of_its_own(forge: Forge, tested: Run) -> None:
    commit = forge.git("rev-parse", "HEAD")
    tags = {given["tags"].rpartition(":")[2] for given in tested.given("docker/build-push-action")}

    [version] = tags
    assert re.fullmatch(rf"\d+\.\d+\.\d+-pr\.17\.g{commit[:7]}", version)


def test_ci_fails_when_its_tests_do(forge: Forge) -> None:
    run = forge.start("ci", {"tests": "-k nothing_has_this_name"}, job="test").finish()

    assert run.code != 0
    assert "deselected" in run.log
