"""A short soak: each attack for a second on each path, beside a victim. `make soak` is the long one."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.model_server import artifacts, processes
from tests.model_server.processes import Running
from tests.soak import soak
from tests.soak.attacks import ATTACKS

pytestmark = pytest.mark.process

# The victim shares an event loop with the attack: on a busy machine its own body may come late.
PATIENT = {"IRIS_BODY_SECONDS": "20"}


@pytest.fixture(scope="module", params=["Auto", "Off"], ids=["fast path", "reference path"])
def warm_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    scratch = tmp_path_factory.mktemp("soak")
    variables = {**soak.SETTINGS, **PATIENT, "IRIS_FAST_PATH": request.param}
    with processes.running(artifacts.write(scratch / "model"), scratch, **variables) as server:
        asyncio.run(soak.warm(server))
        yield server


@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attack_costs_bounded_memory_and_no_other_client_its_answers(
    warm_server: Running, name: str
) -> None:
    result = await soak.attacked(warm_server, name, seconds=1.0)

    assert result.faults() == []
    assert result.answers > 0
