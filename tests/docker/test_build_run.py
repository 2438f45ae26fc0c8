"""`make build-run`: the newest model's image on a real engine, from the build to Ctrl-C."""

import httpx
import pytest
from iris_local_cluster import loopback

from tests.docker.checkout import VERSION, Checkout
from tests.docker.engine import Engine

pytestmark = pytest.mark.docker

FLOWER = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}


@pytest.fixture
def port() -> int:
    with loopback.listen(0) as listener:
        number: int = listener.getsockname()[1]
        return number


def test_build_run_predicts_until_ctrl_c_and_leaves_no_container(
    engine: Engine, checkout: Checkout, port: int
) -> None:
    with checkout.running(port) as running:
        answer = httpx.post(f"{running.url}/api/v1/predict", json=FLOWER)
        [container] = engine.containers()
        state = engine.inspect(container)
        code = running.interrupt()

    assert answer.json()["prediction_label"] == "setosa"
    assert answer.json()["model_version"] == VERSION
    assert state["HostConfig"]["ReadonlyRootfs"]
    assert state["Config"]["User"] == "65532:65532"
    assert "IRIS_PICKLE=Deny" in state["Config"]["Env"]
    assert [at["HostIp"] for at in state["NetworkSettings"]["Ports"]["8000/tcp"]] == ["127.0.0.1"]
    assert code == 0, running.log.read_text()
    assert engine.containers() == []


def test_build_run_builds_nothing_the_second_time(engine: Engine, checkout: Checkout, port: int) -> None:
    with checkout.running(port):
        pass
    before = engine.images()

    with checkout.running(port) as running:
        pass

    assert engine.images() == before
    assert "cached" in running.log.read_text()


def test_a_change_of_code_installs_no_dependency_again(engine: Engine, checkout: Checkout, port: int) -> None:
    """The layer of the dependencies is found again; only what comes after it is built."""
    with checkout.running(port):
        pass
    before = engine.images()
    changed = checkout.root / "model_server" / "iris_model_server" / "__init__.py"
    changed.write_text(changed.read_text() + "\n# changed\n")

    with checkout.running(port):
        pass

    made = engine.images() - before
    commands = [engine.image(image)["ContainerConfig"]["Cmd"] for image in made]
    assert made
    assert not [command for command in commands if "uv venv" in str(command)]
