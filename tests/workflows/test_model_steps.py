"""The shell of the steps that sign a model, run by `bash -e` as on GitHub, with Docker and Sigstore played.

`model-signing`, `iris-training`, `iris-delivery` and git are real.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from iris_delivery import declaration
from iris_model_server.model import artifact
from iris_model_server.signature import keys

from tests.delivery.conftest import declared
from tests.fakes.sigstore import Sigstore, running
from tests.model_server import artifacts, signing
from tests.workflows.act import PROGRAMS, REPOSITORY
from tests.workflows.conftest import PUBLISH

pytestmark = pytest.mark.process

_WORKFLOWS = Path(__file__).resolve().parents[2] / ".github" / "workflows"
_VERIFY, _SIGN = (
    "Verify that publish on main signed exactly these files",
    "Sign them with the organisation's key",
)
_KEYLESS = "Sign exactly the two files with the identity of this workflow"
_EXPRESSIONS = {"${{ github.server_url }}": "https://github.com", "${{ github.repository }}": REPOSITORY}
_SIGNED = "images/ghcr.io/example/iris-model-signed:1.4.0"


@dataclass(frozen=True, slots=True)
class Job:
    """A work folder with what the steps before have left, and the stand-ins' folder."""

    work: Path
    stand_ins: Path
    sigstore: Sigstore

    @property
    def image(self) -> Path:
        """The files of the published image of the model."""
        return self.stand_ins / "content" / "abc"

    @property
    def outputs(self) -> list[str]:
        return (self.stand_ins / "outputs").read_text().splitlines()

    def run(self, workflow: str, step: str, *, key: str = "") -> subprocess.CompletedProcess[str]:
        """Run one step of the job `model`, by its name or identifier."""
        steps = yaml.safe_load((_WORKFLOWS / f"{workflow}.yaml").read_text())["jobs"]["model"]["steps"]
        [found] = [found for found in steps if step in (found.get("name"), found.get("id"))]
        identity = found.get("env", {}).get("IDENTITY", "")
        for expression, value in _EXPRESSIONS.items():
            identity = identity.replace(expression, value)
        environment = {
            **os.environ,
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            "IRIS_STAND_INS": str(self.stand_ins),
            "IRIS_MODEL_SIGNING": str(Path(sys.executable).with_name("model_signing")),
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(self.stand_ins / "outputs"),
            **self.sigstore.environment(),
            "ENVIRONMENT": "dev",
            "VERSION": "1.4.0",
            "OWNER": "ghcr.io/example",
            "IDENTITY": identity,
            "KEY": key,
        }
        return subprocess.run(
            ["bash", "-e", "-c", found["run"]],
            cwd=self.work, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def declare(self, text: str) -> None:
        """Commit what dev declares."""
        (self.work / declaration.path("dev")).write_text(text)
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        for words in (
            ("add", "clusters"),
            (*identity, "commit", "--quiet", "--message=dev"),
            ("tag", "v1.4.0"),
        ):
            subprocess.run(["git", *words], cwd=self.work, check=True)

    def publish(self) -> None:
        """What publish leaves in the registry."""
        assert self.run("publish", _KEYLESS).returncode == 0
        shutil.copytree(self.work / "model", self.image)
        image = self.stand_ins / "images/ghcr.io/example/iris-model:1.4.0"
        image.parent.mkdir(parents=True)
        image.write_text("sha256:abc")
        shutil.rmtree(self.work / "artifacts")


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    """dev has the model in an image of its own, and 1.4.0 is trained."""
    with running(PUBLISH) as local:
        made = Job(tmp_path / "work", tmp_path / "stand-ins", local)
        (made.work / "clusters" / "dev").mkdir(parents=True)
        made.stand_ins.mkdir()
        (made.stand_ins / "trust.json").write_text(local.trust_config())
        (made.work / ".venv").symlink_to(Path(sys.prefix))
        (made.work / "clusters" / "promotion.yaml").write_text("environments: [dev]\n")
        subprocess.run(["git", "init", "--quiet"], cwd=made.work, check=True)
        artifacts.write(made.work / "artifacts")
        yield made


def test_the_organisation_signs_the_files_that_publish_on_main_signed(job: Job, tmp_path: Path) -> None:
    key = signing.new_key(tmp_path, "organisation")
    job.declare(declared("1.3.0", apart=True))
    job.publish()

    answers = [job.run("deploy", step, key=key.read_text()) for step in ("image", _VERIFY, _SIGN)]

    assert [answer.returncode for answer in answers] == [0, 0, 0], answers
    assert job.outputs[:2] == ["image=ghcr.io/example/iris-model-signed", "sign=true"]
    verification = keys.read(signing.listed(tmp_path, {"organisation": key}))
    assert artifact.load(job.work / "artifacts", verification=verification).signed_by == "organisation"


def _other_workflow(job: Job) -> None:
    job.sigstore.identity = PUBLISH.replace("heads/main", "pull/7/merge")


def _changed(job: Job) -> None:
    with (job.image / "model_pipeline_1.4.0.joblib").open("ab") as file:
        file.write(b"x")


def _unsigned(job: Job) -> None:
    (job.image / "model_pipeline_1.4.0.sig").unlink()


def _untagged(job: Job) -> None:
    subprocess.run(["git", "tag", "--delete", "v1.4.0"], cwd=job.work, check=True)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (_other_workflow, None, rf"SANs do not match {re.escape(PUBLISH)}"),
        (None, _changed, r"Signature mismatch"),
        (None, _unsigned, r"model_pipeline_1.4.0.sig"),
        (None, _untagged, r"v1.4.0"),
    ],
)
def test_the_organisation_signs_nothing_else(job: Job, before: object, after: object, message: str) -> None:
    job.declare(declared("1.3.0", apart=True))
    if callable(before):
        before(job)
    job.publish()
    if callable(after):
        after(job)

    answer = job.run("deploy", _VERIFY)

    assert answer.returncode != 0
    assert re.search(message, answer.stdout + answer.stderr)


def test_without_the_organisations_key_nothing_is_signed(job: Job) -> None:
    answer = job.run("deploy", _SIGN)

    assert answer.returncode != 0
    assert "/dev/stdin: found no private key in PEM" in answer.stderr


@pytest.mark.parametrize(
    ("text", "signed", "outputs"),
    [
        (declared("1.3.0"), False, ["image=ghcr.io/example/iris-server", "sign=false"]),
        (declared("1.3.0", apart=True), True, ["image=ghcr.io/example/iris-model-signed", "sign=false"]),
    ],
    ids=["one image for server and model", "signed for another environment"],
)
def test_nothing_is_signed_that_needs_no_signature(
    job: Job, text: str, signed: bool, outputs: list[str]
) -> None:
    job.declare(text)
    if signed:
        (job.stand_ins / _SIGNED).parent.mkdir(parents=True)
        (job.stand_ins / _SIGNED).write_text("sha256:def")

    assert job.run("deploy", "image").returncode == 0

    assert job.outputs == outputs


def test_a_registry_that_does_not_answer_is_not_taken_for_one_without_the_image(job: Job) -> None:
    job.declare(declared("1.3.0", apart=True))
    (job.stand_ins / "registry-says").write_text("unauthorized")

    answer = job.run("deploy", "image")

    assert answer.returncode != 0
    assert "iris-model-signed:1.4.0: ERROR: unauthorized, expected a digest" in answer.stdout
