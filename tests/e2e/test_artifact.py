"""On the node: a signed model in an image of its own, mounted into a server that has none.

Its next version is signed by a stranger: the server that its author cannot change refuses it under load, and
the former one serves on.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from iris_api.readiness import Readiness
from iris_local_cluster import paths
from iris_local_cluster.images import project_images
from iris_local_cluster.progress import Progress
from iris_local_cluster.up import load_client, models, run
from iris_local_cluster.up.load_client import Report

from tests.e2e.clone import Clone, model_file
from tests.e2e.stage import NAME, UpRun, command_line

pytestmark = pytest.mark.e2e

GOOD: Final = run.SECOND
OF_A_STRANGER: Final = run.FIRST
HOST: Final = "apart.kube.two.inc"
_RATE: Final = 10.0
_FOLDER: Final = "/etc/iris/artifact"
_LIST: Final = f"import os; print(*sorted(os.listdir('{_FOLDER}')))"
_WRITE: Final = f"open('{_FOLDER}/more', 'w')"


@dataclass(frozen=True, slots=True)
class Seen:
    """The model when it served, what its pod could do there, and what its next version came to."""

    body: dict[str, Any]
    files: list[str]
    writes: bool
    stopped: Readiness
    report: Report


def publish(up_run: UpRun, folder: Path) -> dict[str, Any]:
    """As a user does; the lines for Git that it prints. Then a model of a stranger, at its next version."""
    done = subprocess.run(
        command_line("publish", GOOD, "--artifact", "--name", NAME),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for suffix in ("json", "joblib"):
        shutil.copy(paths.ARTIFACTS / f"model_pipeline_{OF_A_STRANGER}.{suffix}", folder)
    training = str(paths.SCRIPTS / "iris-training")
    for words in (
        ("new-key", str(folder / "stranger.pem")),
        ("sign", OF_A_STRANGER, f"--key={folder / 'stranger.pem'}", f"--output={folder}"),
    ):
        subprocess.run([training, *words], capture_output=True, check=True)
    stranger = project_images.build_model(OF_A_STRANGER, folder, Progress())
    project_images.push(stranger, up_run.cluster.registry, Progress())
    spec: dict[str, Any] = yaml.safe_load(done.stdout)["spec"]
    return spec


def declare(clone: Clone, spec: dict[str, Any], subject: str) -> str:
    key = {"name": "checkout", "publicKey": paths.SIGNING_KEY.with_suffix(".pub").read_text()}
    more = {
        "replicas": 1,
        "resources": {"requests": {"cpu": "10m"}},
        "server": {"pickle": "Deny"},
        "verify": {"keys": [key]},
    }
    clone.write("clusters/local/models/apart.yaml", model_file("apart", **spec, **more))
    return clone.push(subject)


def in_the_pod(up_run: UpRun, script: str) -> str | None:
    """What Python prints in the server's container; None where it fails."""
    where = ("exec", f"--namespace={models.NAMESPACE}", "deployment/apart", "--")
    done = subprocess.run(
        up_run.kubectl.command(*where, "python3", "-c", script), capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else None


def stopped(up_run: UpRun, version: str, *, seconds: float = 120) -> Readiness:
    deadline = time.monotonic() + seconds
    while not ((now := models.look(up_run.kubectl, "apart")).declared == version and now.stalled):
        assert time.monotonic() < deadline, now
        time.sleep(0.3)
    return now


@pytest.fixture(scope="module")
def seen(up_run: UpRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("artifact")
    spec = publish(up_run, folder)
    clone = Clone.of(up_run, folder / "iris")
    before = clone.head()
    listing = clone.read("clusters/local/models/kustomization.yaml")
    clone.write(
        "clusters/local/models/kustomization.yaml",
        listing.replace("  - ../version.yaml\n", "  - ../version.yaml\n  - apart.yaml\n"),
    )
    try:
        clone.applied(declare(clone, spec, "A model apart from its server"))
        body = up_run.kubectl.read("irismodel", "apart", f"--namespace={models.NAMESPACE}")
        files = (in_the_pod(up_run, _LIST) or "").split()
        writes = in_the_pod(up_run, _WRITE) is not None
        address = up_run.cluster.ingress_inside()
        with load_client.watch(up_run.cluster.entered, address=address, host=HOST, rate=_RATE) as watch:
            watch.wait_for(int(3 * _RATE))
            declare(clone, {**spec, "version": OF_A_STRANGER}, "A version of a stranger")
            now = stopped(up_run, OF_A_STRANGER)
            watch.wait_for(watch.report.requests + int(3 * _RATE))
        yield Seen(body, files, writes, now, watch.report)
    finally:
        clone.restore(before)


def test_a_model_in_an_image_of_its_own_serves_signed(seen: Seen) -> None:
    assert seen.body["status"]["servingVersion"] == GOOD
    assert seen.body["status"]["signedBy"] == "checkout"
    assert seen.body["spec"]["image"]["tag"].startswith("bare-")


def test_the_pod_has_the_files_of_one_version_and_cannot_change_them(seen: Seen) -> None:
    assert seen.files == [f"model_pipeline_{GOOD}.{suffix}" for suffix in ("joblib", "json", "sig")]
    assert not seen.writes


def test_a_model_that_a_stranger_signed_is_refused_and_the_former_one_serves(seen: Seen) -> None:
    assert seen.stopped.reason == "WrongKey", seen.stopped.message
    assert f"{_FOLDER}/model_pipeline_{OF_A_STRANGER}.sig" in seen.stopped.message
    assert seen.stopped.serving == GOOD
    assert seen.report.failed == 0, seen.report.failures
    assert set(seen.report.versions) == {GOOD}
