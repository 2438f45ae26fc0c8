"""Make targets that take a version: it reaches the command, and no target ignores it."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Stand-ins that print how they were called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("iris-model-server", "iris-local-cluster", "iris-training"):
        program = folder / name
        program.write_text('#!/bin/sh\necho "${0##*/} $* expecting ${IRIS_EXPECTED_VERSION:-any}"\n')
        program.chmod(0o755)
    return folder


def make(programs: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """With a folder of artifacts that has 1.4.0 alone."""
    artifacts = programs.parent / "artifacts"
    artifacts.mkdir()
    (artifacts / "model_pipeline_1.4.0.json").touch()
    foreign = ("IRIS_", "MAKE", "MFLAGS")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    return subprocess.run(
        ["make", "--old-file=.venv/ready", f"BIN={programs}", *words],
        cwd=ROOT,
        env={**inherited, "IRIS_ARTIFACT_DIR": str(artifacts)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_run_serves_the_version_that_it_is_given(programs: Path) -> None:
    assert make(programs, "run", "VERSION=1.4.0").stdout.endswith("--port 8000 expecting 1.4.0\n")


def test_make_run_serves_the_newest_version_by_default(programs: Path) -> None:
    assert make(programs, "run").stdout.endswith("--port 8000 expecting any\n")


def test_make_run_refuses_a_version_that_is_not_there(programs: Path) -> None:
    ended = make(programs, "run", "VERSION=9.9.9")

    assert (ended.returncode, ended.stdout) == (2, "")
    line, _ = ended.stderr.splitlines()
    card = programs.parent / "artifacts" / "model_pipeline_9.9.9.json"
    cure = "`make training VERSION=9.9.9`"
    assert line == f"make run: {card}: not found, expected a model from {cure}"


def test_make_build_run_hands_the_version_on(programs: Path) -> None:
    assert "run-image --port 9000 --version=1.4.0 " in make(programs, "build-run", "VERSION=1.4.0").stdout


@pytest.mark.parametrize("target", ["up", "check", "bench-server", "install"])
def test_a_target_without_a_version_refuses_one(programs: Path, target: str) -> None:
    ended = make(programs, target, "VERSION=1.4.0")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"make {target} takes no VERSION, only these do: training run build-run publish" in ended.stderr
