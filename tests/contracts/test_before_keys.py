"""The stored server of the release before access keys is that release's, and ends as the operator expects."""

import subprocess
import tarfile
from pathlib import Path

import pytest
from iris_operator.children import deployment
from iris_operator.observe import workload

from tests.e2e import before_keys
from tests.model_server import artifacts, processes
from tests.operator import workload_bodies

ROOT = Path(__file__).parents[2]


def test_the_stored_server_is_the_one_of_its_commit(tmp_path: Path) -> None:
    archive = [
        "git",
        "archive",
        "--output",
        str(tmp_path / "committed.tar"),
        before_keys.COMMIT,
        "model_server",
    ]
    if subprocess.run(archive, cwd=ROOT, capture_output=True, check=False).returncode != 0:
        pytest.skip("a shallow clone has no older server to compare with")

    assert contents(before_keys.SOURCE) == contents(tmp_path / "committed.tar")


def contents(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as files:
        return {each.name: found.read() for each in files if (found := files.extractfile(each)) is not None}


@pytest.mark.process
def test_a_server_of_the_release_before_ends_at_the_option_that_the_operator_reports(tmp_path: Path) -> None:
    code = before_keys.unpack(tmp_path)
    folder = artifacts.write(tmp_path / "model")

    ended = processes.refused(folder, deployment.MANAGEMENT_OPTION, "8001", PYTHONPATH=str(code))

    pod = workload_bodies.pod(
        "iris-2-a", ready=False, last=workload_bodies.ended(ended.returncode, ended.stderr)
    )
    [seen] = workload.observe(workload_bodies.deployment(), [workload_bodies.replica_set(2)], [pod]).newest
    assert workload.unknown_option(seen) == deployment.MANAGEMENT_OPTION
