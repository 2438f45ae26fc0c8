"""The model of a release: publish signs it keyless; deploy verifies that and signs it for the organisation.

Sigstore is a local one; `model-signing` is real. What is refused: test_model_steps.py.
"""

from pathlib import Path

import pytest
from iris_delivery import declaration
from iris_delivery.declaration import Release
from iris_model_server.model import artifact
from iris_model_server.signature import keys

from tests.model_server import signing
from tests.workflows.act import Forge, Run

# Each run installs the project.
pytestmark = [pytest.mark.workflows, pytest.mark.timeout(1800)]

_PUBLISHED, _SIGNED = "ghcr.io/example/iris-model:1.1.0", "ghcr.io/example/iris-model-signed:1.1.0"
_APART = """\
  image:
    repository: ghcr.io/example/iris-server
    tag: 1.0.0
  artifact:
    image:
      repository: ghcr.io/example/iris-model-signed
"""


@pytest.fixture(scope="module")
def published(forge: Forge) -> Run:
    """dev has the model in an image of its own, and 1.1.0 is published."""
    with (forge.clone / "clusters/dev/version.yaml").open("a") as file:
        file.write(_APART)
    forge.git("commit", "--quiet", "--all", "--message=The model is an image of its own in dev")
    forge.git("tag", "v1.1.0")
    forge.git("push", "--quiet", "origin", "main", "v1.1.0")
    run = forge.start("publish", {"version": "1.1.0", "ref": "v1.1.0"}, event="workflow_call").finish()
    assert run.code == 0, run.log[-5000:]
    return run


def _content(forge: Forge, image: str) -> Path:
    digest = (forge.folder / "images" / image).read_text().removeprefix("sha256:")
    return forge.folder / "content" / digest


def test_publish_builds_the_model_alone_with_its_keyless_signature(forge: Forge, published: Run) -> None:
    built = {given["file"]: given for given in published.given("docker/build-push-action")}

    assert built["Dockerfile.model"]["tags"] == _PUBLISHED
    assert "SIGNATURE=model_pipeline_1.1.0.sig" in built["Dockerfile.model"]["build-args"].splitlines()
    assert "SIGNATURE" not in built["Dockerfile.server"]["build-args"]
    assert {path.name for path in _content(forge, _PUBLISHED).iterdir()} == {
        f"model_pipeline_1.1.0.{ending}" for ending in ("json", "joblib", "sig")
    }


def test_deploy_proposes_the_model_with_the_organisations_signature_in_place_of_the_keyless_one(
    forge: Forge, published: Run, tmp_path: Path
) -> None:
    key = signing.new_key(tmp_path, "organisation")

    inputs = {"environment": "dev", "version": "1.1.0"}
    run = forge.start("deploy", inputs, job="propose", signing_key=key.read_text()).finish()

    assert run.code == 0, run.log[-5000:]
    content, signed = _content(forge, _PUBLISHED), _content(forge, _SIGNED)
    verification = keys.read(signing.listed(tmp_path, {"organisation": key}))
    assert artifact.load(signed, verification=verification).signed_by == "organisation"
    for ending in ("json", "joblib"):
        name = f"model_pipeline_1.1.0.{ending}"
        assert (signed / name).read_bytes() == (content / name).read_bytes()
    digest = (forge.folder / "images" / _SIGNED).read_text()
    assert run.given("cosign") == [["sign", "--yes", f"{_SIGNED.rpartition(':')[0]}@{digest}"]]
    assert key.read_text().splitlines()[1] not in run.log
    [branch] = [word for word in run.given("gh pr create")[0] if word.startswith("deploy/dev-")]
    file = declaration.path("dev")
    proposed = declaration.parse(forge.shown(f"origin/{branch}", file), file).release
    assert proposed == Release("1.1.0", digest, apart=True)
