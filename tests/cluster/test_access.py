"""A model that answers nobody without a key, on a real API server: the operator proves it all the same."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.cluster.conftest import Iris
from tests.harness import kubelet, model_servers

if TYPE_CHECKING:
    from tests.harness.kubelet import Kubelet
    from tests.harness.operator_process import OperatorProcess

pytestmark = pytest.mark.cluster

VERSION = "3.0.0"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that admits nobody but its operator."""
    folder = tmp_path_factory.mktemp("closed")
    clients = folder / "clients.json"
    clients.write_text("[]")
    trained = model_servers.train(folder, [VERSION])
    with model_servers.serving({"127.0.88.3": trained[VERSION]}, "iris", clients=clients):
        yield "127.0.88.3"


async def test_a_model_with_keys_is_proven_at_the_port_that_needs_none(
    operator: "OperatorProcess", iris: Iris, pods: "Kubelet", closed: str
) -> None:
    pods.set(VERSION, kubelet.serving(closed))

    await iris.declare(VERSION, access={"keys": []})

    assert (await iris.reaches("Serving"))["servingVersion"] == VERSION
