"""From one store to another through a registry: what was pushed is what is pulled, named by its digest."""

import hashlib
import subprocess
import sys

import httpx
import pytest

from tests.docker.engine import Engine
from tests.docker.stand_ins import PYTHON

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def pushed(engine: Engine, registry: str) -> tuple[str, str]:
    """What our own code pushed: the image's name in the registry, and the digest it read."""
    target = f"{registry}/iris-server:1.0.0"
    script = (
        f"from iris_local_cluster.images.docker import Docker; print(Docker().push({PYTHON!r}, {target!r}))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], env=engine.environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return target, answer.stdout.strip()


def test_the_digest_that_a_push_returns_is_the_registrys(pushed: tuple[str, str]) -> None:
    target, digest = pushed
    host, _, path = target.partition("/")
    name, _, tag = path.partition(":")
    accepted = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}

    answer = httpx.get(f"http://{host}/v2/{name}/manifests/{tag}", headers=accepted)

    assert answer.headers["Docker-Content-Digest"] == digest
    assert f"sha256:{hashlib.sha256(answer.content).hexdigest()}" == digest


def test_an_image_pulled_by_digest_is_the_one_that_was_pushed(
    engine: Engine, pushed: tuple[str, str]
) -> None:
    target, digest = pushed
    by_digest = f"{target.rpartition(':')[0]}@{digest}"
    layers = engine.layers(target)
    engine.run("image", "rm", target)

    engine.run("pull", by_digest)

    assert engine.layers(by_digest) == layers
    assert engine.image(by_digest)["RepoDigests"] == [by_digest]
