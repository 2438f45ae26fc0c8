"""What every workflow keeps to, beyond what the linters know."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from iris_local_cluster.programs import golang

_GITHUB = Path(__file__).resolve().parents[2] / ".github"
_FILES = sorted((_GITHUB / "workflows").glob("*.yaml"))
_EACH = pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)


def _steps(file: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(file.read_text())["jobs"].values()
    return [step for job in jobs for step in job.get("steps", [])]


def test_every_workflow_exists() -> None:
    assert {file.stem for file in _FILES} == {"charts", "ci", "deploy", "publish", "rollback", "tag"}


@_EACH
def test_every_action_is_pinned_by_a_commit_with_its_version_beside_it(file: Path) -> None:
    uses = re.findall(r"uses: (.*)", file.read_text())

    others = [use for use in uses if not use.startswith("./")]
    assert [use for use in others if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)] == []


def test_an_action_has_one_version_in_all_workflows() -> None:
    pins = {use for file in _FILES for use in re.findall(r"uses: ([\w./-]+@[0-9a-f]{40})", file.read_text())}

    assert len({pin.partition("@")[0] for pin in pins}) == len(pins)


@_EACH
def test_rights_are_given_to_jobs_one_by_one(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text())

    assert workflow["permissions"] == {}
    assert all(isinstance(job["permissions"], dict) for job in workflow["jobs"].values())


@_EACH
def test_a_called_workflow_asks_for_no_more_than_its_caller_has(file: Path) -> None:
    for job in yaml.safe_load(file.read_text())["jobs"].values():
        if "uses" in job:
            called = yaml.safe_load((_GITHUB.parent / job["uses"]).read_text())
            asked = {pair for inner in called["jobs"].values() for pair in inner["permissions"].items()}
            assert {
                name for name, right in asked if job["permissions"].get(name) not in {right, "write"}
            } == set()


@_EACH
def test_no_expression_reaches_a_shell(file: Path) -> None:
    """A branch name or an input is text that somebody chose; in a script it would be code."""
    assert [step["run"] for step in _steps(file) if "${{" in step.get("run", "")] == []


@_EACH
def test_a_stranger_never_runs_with_our_rights(file: Path) -> None:
    # YAML 1.1 takes the key `on` for true.
    assert "pull_request_target" not in yaml.safe_load(file.read_text())[True]


@_EACH
def test_every_job_ends_by_itself(file: Path) -> None:
    jobs = yaml.safe_load(file.read_text())["jobs"]

    assert [name for name, job in jobs.items() if "uses" not in job and "timeout-minutes" not in job] == []


def test_the_environments_to_choose_from_are_those_a_version_travels() -> None:
    order = yaml.safe_load((_GITHUB.parent / "clusters" / "promotion.yaml").read_text())["environments"]

    for name in ("deploy", "rollback"):
        workflow = yaml.safe_load((_GITHUB / "workflows" / f"{name}.yaml").read_text())
        assert workflow[True]["workflow_dispatch"]["inputs"]["environment"]["options"] == order


@pytest.mark.cluster
def test_actionlint_finds_nothing() -> None:
    go = golang.find()
    assert go is not None, "actionlint is built with Go"

    answer = subprocess.run(
        [go, "tool", "actionlint", *_FILES],
        cwd=_GITHUB / "actionlint",
        capture_output=True,
        text=True,
        check=False,
    )

    assert (answer.returncode, answer.stdout) == (0, "")
