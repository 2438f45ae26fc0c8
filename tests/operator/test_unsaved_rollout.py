"""A decision that cannot be written to the status: nothing is done about it, and the status has the cause."""

import itertools

import pytest
from iris_api import kinds
from iris_operator import errors

from tests.fakes.cluster import Call
from tests.operator.rollout_world import CANARY, World


async def serving() -> World:
    world = World()
    world.declare("1.0.0", rollout=CANARY)
    await world.settle()
    assert world.reason() == "Serving"
    return world


def refuse_decisions(world: World, code: int) -> None:
    """The first write of a status in each pass; the one of the verdict is accepted."""
    writes = itertools.count()

    async def refuse(call: Call) -> None:
        if call.verb == "apply status" and next(writes) % 2 == 0:
            raise errors.ClusterError(code, "no decision here")

    world.cluster.before = refuse


async def accept(_: Call) -> None:
    return None


@pytest.mark.parametrize("code", [0, 400, 403, 422, 429, 500, 504])
async def test_a_rollout_that_cannot_be_saved_is_not_begun_and_the_status_has_the_cause(code: int) -> None:
    world = await serving()
    refuse_decisions(world, code)
    world.declare("1.1.0", rollout=CANARY)

    await world.look()

    status = world.status()
    assert (status["observedGeneration"], status["servingVersion"]) == (2, "1.0.0")
    assert world.reason() == "ChildRefused"
    assert "no decision here" in world.message()
    stalled = [row for row in status["conditions"] if row["type"] == "Stalled"]
    assert bool(stalled) == (400 <= code < 500 and code != 429)
    assert world.rollout() == {}
    assert world.cluster.find(kinds.DEPLOYMENT, "iris", "iris-canary") is None

    world.cluster.before = accept
    await world.settle()

    assert (world.reason(), world.status()["servingVersion"]) == ("Serving", "1.1.0")


async def test_a_model_that_serves_stays_ready_while_the_end_of_its_rollout_cannot_be_saved() -> None:
    world = await serving()
    world.declare("1.1.0", rollout=CANARY)
    await world.settle()
    assert world.rollout()
    refuse_decisions(world, 500)
    world.declare("1.1.0", rollout={"strategy": "Immediate"})

    await world.look()

    assert (world.reason(), world.status()["observedGeneration"]) == ("Serving", 3)
