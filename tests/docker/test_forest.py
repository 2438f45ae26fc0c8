"""A forest, trained here or imported from MLflow: published and served, without scikit-learn in its image."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import joblib
import pytest
from iris_local_cluster import paths
from iris_local_cluster.images import registry as images

from tests.docker.checkout import Checkout
from tests.docker.engine import Engine
from tests.training.mlflow_server import Registry, with_models

# Besides the engine, it installs and starts an MLflow server.
pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]

READY_SECONDS = 60
# What `make publish` calls; here the cluster is a registry alone.
PUBLISH = """
import sys
from types import SimpleNamespace
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.progress import Progress
from iris_local_cluster.up import environment, release
version, address = sys.argv[1:]
cluster = SimpleNamespace(name="forest", registry=address, running=lambda: True)
kubeconfig = environment.kubeconfig(cluster.name)
kubeconfig.parent.mkdir(parents=True, exist_ok=True)
kubeconfig.touch()
try:
    release.publish(cluster, version, Progress())
except LocalClusterError as refusal:
    sys.exit(str(refusal))
"""
# The last one has to be there.
LIBRARIES = ("sklearn", "scipy", "joblib", "mlflow", "iris_training", "msgspec")
FOUND = f"from importlib.util import find_spec; print(*filter(find_spec, {LIBRARIES}))"


@pytest.fixture(scope="module")
def here(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Not the checkout of other tests, to which a forest would be the newest model."""
    return Checkout.of(paths.PROJECT, tmp_path_factory.mktemp("forest"), engine)


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with with_models(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


def publish(checkout: Checkout, version: str, registry: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PUBLISH, version, registry],
        env=checkout.environment,
        capture_output=True,
        text=True,
        check=False,
    )


def published(checkout: Checkout, version: str, registry: str) -> str:
    """Publish a version; its name in the registry. Nothing of it is left in the engine."""
    ended = publish(checkout, version, registry)
    assert ended.returncode == 0, ended.stderr
    target = f"{registry}/iris-server:{version}"
    engine = checkout.engine
    engine.run("image", "rm", "--force", engine.image(target)["Id"])
    return target


def train(checkout: Checkout, version: str, *options: str) -> None:
    command = [sys.executable, "-m", "iris_training", "--version", version, *options]
    subprocess.run(command, cwd=checkout.root, check=True, capture_output=True)


@contextmanager
def served(engine: Engine, image: str) -> Iterator[str]:
    """The address of a server of this image, once it is ready; the engine has to pull the image."""
    options = ("--detach", "--publish=127.0.0.1::8000", "--env=IRIS_PICKLE=Deny", "--read-only")
    container = engine.run("run", *options, image)
    try:
        url = f"http://{engine.run('port', container, '8000/tcp').splitlines()[0]}"
        deadline = time.monotonic() + READY_SECONDS
        while True:
            with suppress(httpx.TransportError):
                if httpx.get(f"{url}/readyz", trust_env=False).status_code == httpx.codes.OK:
                    break
            assert time.monotonic() < deadline, engine.run("logs", container)
            time.sleep(0.1)
        yield url
    finally:
        engine.run("rm", "--force", container)


def answers(url: str, rows: list[list[float]]) -> Any:
    answer = httpx.post(f"{url}/api/v1/predict/batch", json={"rows": rows}, trust_env=False).json()
    return answer["model_version"], answer["probabilities"]


def libraries(engine: Engine, image: str) -> str:
    """Those of the list that the image has."""
    return engine.run("run", "--rm", "--network=none", image, "python3", "-c", FOUND)


def test_a_trained_forest_is_published_and_served_from_an_image_without_scikit_learn(
    engine: Engine, here: Checkout, registry: str
) -> None:
    train(here, "3.0.0", "--estimator", "random-forest")
    card = json.loads((here.root / "artifacts/model_pipeline_3.0.0.json").read_text())
    rows = card["reference"]["rows"]
    pipeline = joblib.load(here.root / "artifacts/model_pipeline_3.0.0.joblib")

    image = published(here, "3.0.0", registry)
    with served(engine, image) as url:
        version, probabilities = answers(url, rows)

    assert version == "3.0.0"
    assert probabilities == pipeline.predict_proba(rows).tolist()
    assert libraries(engine, image) == "msgspec"


def test_a_champion_of_mlflow_is_imported_published_and_served_from_an_image_without_scikit_learn(
    engine: Engine, here: Checkout, registry: str, mlflow: Registry
) -> None:
    ended = mlflow.imported("models:/forest@champion", here.root)
    assert ended.returncode == 0, ended.stderr

    image = published(here, "2.0.0", registry)
    with served(engine, image) as url:
        version, probabilities = answers(url, mlflow.rows)

    assert version == "2.0.0"
    found = [share for row in probabilities for share in row]
    expected = [share for row in mlflow.probabilities for share in row]
    assert found == pytest.approx(expected, abs=1e-12)
    assert libraries(engine, image) == "msgspec"


def test_a_published_forest_is_not_replaced_by_another_one(here: Checkout, registry: str) -> None:
    train(here, "5.0.0", "--estimator", "decision-tree")
    assert publish(here, "5.0.0", registry).returncode == 0
    before = images.digest(f"{registry}/iris-server:5.0.0")

    again = publish(here, "5.0.0", registry)
    for file in (here.root / "artifacts").glob("model_pipeline_5.0.0.*"):
        file.unlink()
    train(here, "5.0.0", "--estimator", "decision-tree", "--param", "max_depth=2")
    other = publish(here, "5.0.0", registry)

    assert again.returncode == 0, again.stderr
    assert other.returncode == 1
    line = other.stderr.splitlines()[-1]
    assert f"iris-server:5.0.0: found {before}, expected sha256:" in line
    assert "FORCE=1" in line
    assert images.digest(f"{registry}/iris-server:5.0.0") == before
