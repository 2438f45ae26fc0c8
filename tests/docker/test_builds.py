"""`docker build` of every Dockerfile: what the images hold, how large they are, as whom they run."""

import hashlib
import io
import subprocess
import tarfile

import pytest
from iris_local_cluster import paths

from tests.docker import oci_runtime
from tests.docker.checkout import VERSION, Checkout
from tests.docker.engine import Engine
from tests.docker.stand_ins import PYTHON, SYSTEM

pytestmark = pytest.mark.docker

MEGABYTE = 1_000_000
# What our layers add to the base. Measured with Python 3.11: operator 185.5 MB (126 of them are the
# Kubernetes client); server 106.5 MB before the 16 MB of cryptography.
BUDGET = {"server": 130 * MEGABYTE, "operator": 195 * MEGABYTE}


@pytest.fixture(scope="module", params=["server", "operator"])
def image(request: pytest.FixtureRequest, engine: Engine, checkout: Checkout) -> str:
    """The server by Docker's classic builder, as `make build-run` here; the operator by BuildKit."""
    name = str(request.param)
    reference = f"iris-{name}:{VERSION}"
    arguments = ["--build-arg", f"VERSION={VERSION}", "--build-arg", "REVISION=abc"]
    engine.build(
        *("--file", f"{checkout.root}/Dockerfile.{name}", *arguments, "--tag", reference, str(checkout.root)),
        buildkit=name == "operator",
    )
    return reference


def test_each_image_is_within_its_budget(engine: Engine, image: str) -> None:
    added = engine.image(image)["Size"] - engine.image(PYTHON)["Size"]
    budget = BUDGET[image.removeprefix("iris-").partition(":")[0]]

    assert added <= budget, (
        f"{image}: {added / MEGABYTE:.1f} MB above its base, budget {budget / MEGABYTE:.0f}"
    )


def test_each_image_names_its_version_commit_and_user(engine: Engine, image: str) -> None:
    config = engine.image(image)["Config"]

    assert config["User"] == "65532:65532"
    assert config["Labels"]["org.opencontainers.image.version"] == VERSION
    assert config["Labels"]["org.opencontainers.image.revision"] == "abc"


def test_nothing_of_the_building_machine_stays_in_an_image(engine: Engine, image: str) -> None:
    """Neither its certificate authorities nor the settings by which a build finds them."""
    config = engine.image(image)["Config"]

    assert _authorities(engine, image) == _authorities(engine, PYTHON)
    assert not [line for line in config["Env"] if "CERT" in line or "PROXY" in line.upper()]


def test_each_image_shares_all_layers_of_its_base(engine: Engine, image: str) -> None:
    base = engine.layers(PYTHON)

    assert engine.layers(image)[: len(base)] == base


def test_each_image_starts_as_a_user_without_rights(engine: Engine, image: str) -> None:
    """Read-only root, no capability, no network: Python, our packages and their libraries load."""
    module = "iris_operator" if "operator" in image else "iris_model_server"
    script = f"import os, {module}; print(os.getuid(), os.access('/opt/venv', os.W_OK))"
    options = ("--rm", "--read-only", "--cap-drop=ALL", "--network=none")

    assert engine.run("run", *options, image, "python3", "-c", script) == "65532 False"


def test_the_git_server_installs_what_a_plain_system_lacks(engine: Engine) -> None:
    """Debian's own image has neither Git nor a web server."""
    folder = paths.PROJECT / "local_cluster"

    engine.build("--file", f"{folder}/Dockerfile.git-server", "--tag", "git-server:local", str(folder))

    assert "git version" in engine.run("run", "--rm", "git-server:local", "git", "--version")
    assert "lighttpd" in engine.run("run", "--rm", "git-server:local", "lighttpd", "-v")
    assert engine.layers("git-server:local")[:-1] == engine.layers(SYSTEM)


def _authorities(engine: Engine, reference: str) -> str:
    """The digest of an image's own list of certificate authorities."""
    container = engine.run("create", reference, "true")
    try:
        archive = subprocess.run(
            ["docker", "cp", f"{container}:/{oci_runtime.AUTHORITIES}", "-"],
            env=engine.environment,
            capture_output=True,
            check=True,
        ).stdout
    finally:
        engine.run("rm", container)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        file = files.extractfile(files.getmembers()[0])
        assert file
        return hashlib.sha256(file.read()).hexdigest()
