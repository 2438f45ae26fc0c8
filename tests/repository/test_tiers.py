"""The table at the end of `make test`: each tier's tests, result and duration."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.harness import tiers

_ROOT = Path(__file__).resolve().parents[2]
_TESTS = """
import pytest

@pytest.fixture
def ends_badly():
    yield
    raise OSError("the disk is full\\nsecond line")

@pytest.mark.process
def test_a() -> None: ...

@pytest.mark.process
@pytest.mark.cluster
def test_b() -> None: pytest.skip("not here")

@pytest.mark.cluster
def test_c() -> None: ...

@pytest.mark.cluster
def test_d(ends_badly) -> None: ...

def test_e() -> None: ...
"""


@pytest.mark.process
@pytest.mark.parametrize("workers", ["0", "2"])
def test_each_tier_that_ran_is_recorded_with_its_tests_result_and_failures(
    workers: str, tmp_path: Path
) -> None:
    (tmp_path / "test_it.py").write_text(_TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  process\n  cluster\n")
    file = tmp_path / "tiers"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.harness.tiers",
        f"--tiers={file}",
        f"-n{workers}",
    ]

    answer = subprocess.run([*command, str(tmp_path)], cwd=_ROOT, capture_output=True, text=True, check=False)

    assert answer.returncode == 1, answer.stdout + answer.stderr
    lines = sorted(file.read_text().splitlines())
    [failure] = [line for line in lines if line.startswith("FAILED\t")]
    tiers_without_seconds = [line.rpartition("\t")[0] for line in lines if line != failure]
    assert tiers_without_seconds == [
        "cluster\t3\t1 failed, 1 skipped",
        "process\t1\tpassed",
        "unit\t1\tpassed",
    ]
    _, test, reason = failure.split("\t")
    assert test.endswith("test_it.py::test_d")
    assert reason == "OSError: the disk is full"


def test_the_table_has_a_row_for_every_marker() -> None:
    """A tier that is missing in the script's list runs, fails and is not reported."""
    settings = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))
    markers = {line.partition(":")[0] for line in settings["tool"]["pytest"]["ini_options"]["markers"]}
    markers -= {"workflows", "kind"}  # long runs of their own: make workflows, make kind
    script = (_ROOT / "scripts" / "test.sh").read_text("utf-8")

    assert set(tiers.TIERS) == markers
    (listed,) = [line for line in script.splitlines() if line.startswith("all=(")]
    assert set(listed.removeprefix("all=(").removesuffix(")").split()) == markers
