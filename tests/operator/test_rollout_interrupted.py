"""In each state of a rollout: the block removed, another version, a suspension, the model deleted."""

from typing import Any, Final

import pytest
from iris_api import kinds
from iris_operator import children
from iris_operator.model import spec

from tests.fakes.gateway import ROUTE
from tests.operator.gateway_world import STEPS, GatewayWorld
from tests.operator.rollout_world import KEY
from tests.operator.stepping_world import SteppingWorld

# How a rollout of version 1.1.0 reaches each state: its policy, requests in a tick, and the share that fails.
STATES: Final[dict[str, tuple[dict[str, Any], int, float]]] = {
    "Preparing": ({}, 100, 0.0),
    "Stepping": ({}, 100, 0.0),
    "Judging": ({}, 100, 0.0),
    "Held": ({}, 1, 0.0),
    "AwaitingApproval": ({"approval": "Manual"}, 100, 0.0),
    "Promoting": ({}, 100, 0.0),
    "Promoted": ({}, 100, 0.0),
    "RollingBack": ({}, 100, 0.3),
    "RolledBack": ({}, 100, 0.3),
}
in_each_state = pytest.mark.parametrize("state", STATES)


def reached(state: str) -> SteppingWorld:
    policy, requests, failing = STATES[state]
    world = SteppingWorld(requests)
    world.failing["1.1.0"] = failing
    world.declare("1.1.0", **policy)
    world.run(until=state)
    return world


def nothing_is_left(world: SteppingWorld) -> None:
    assert (world.candidate, world.routed) == (None, 0)


@in_each_state
def test_without_its_block_the_declared_version_serves_at_once_and_no_rollout_is_left(state: str) -> None:
    world = reached(state)

    world.policy = spec.IMMEDIATE
    world.run(30)

    assert (world.stable.version, world.status) == ("1.1.0", {})
    nothing_is_left(world)


@in_each_state
@pytest.mark.parametrize("version", ["1.0.0", "1.2.0"])
def test_another_version_takes_its_place(state: str, version: str) -> None:
    world = reached(state)
    world.requests = 100

    world.declare(version)
    world.run(300)

    assert world.stable.version == version
    assert world.status.get("candidate", {}).get("version") in (None, version)
    nothing_is_left(world)


async def reached_in_cluster(state: str) -> GatewayWorld:
    """The same with every object and pass of the operator."""
    policy, requests, failing = STATES[state]
    world = GatewayWorld()
    world.requests = 10 * requests  # a look takes longer than a tick
    world.gateway.failing["1.1.0"] = failing
    world.step_to("1.0.0")
    await world.run(12)
    world.step_to("1.1.0", rollout=policy)
    await world.run(until=state)
    world.gateway.lost = 0
    return world


def suspend(world: GatewayWorld, policy: dict[str, Any], *, suspended: bool) -> None:
    world.declare("1.1.0", route=ROUTE, rollout={**STEPS, **policy}, suspend=suspended)


def writes(world: GatewayWorld) -> list[str]:
    return [f"{call.verb} {call.kind.name}" for call in world.cluster.calls if call.kind in children.KINDS]


@in_each_state
async def test_a_suspension_stops_everything_and_then_the_rollout_ends_as_without_it(state: str) -> None:
    world = await reached_in_cluster(state)
    policy, _, failing = STATES[state]
    before = world.template(), world.template("iris-canary"), world.routed()
    world.cluster.calls.clear()

    suspend(world, policy, suspended=True)
    await world.run(20)

    assert writes(world) == []
    assert (world.template(), world.template("iris-canary"), world.routed()) == before
    assert world.reason() == "Suspended"

    suspend(world, {**policy, "approved": "1.1.0"}, suspended=False)
    world.requests = 4000
    await world.rest()

    ending = ("RolledBack", "1.0.0") if failing else ("Promoted", "1.1.0")
    assert (world.rollout()["state"], world.template()) == ending
    assert (world.template("iris-canary"), world.routed(), world.gateway.lost) == ("", 0, 0)


@in_each_state
async def test_a_deleted_model_is_left_to_garbage_collection_with_all_its_objects(state: str) -> None:
    world = await reached_in_cluster(state)
    body = world.cluster.find(kinds.IRIS_MODEL, *KEY)
    assert body is not None
    owned = [
        live
        for kind in children.KINDS
        for name in world.cluster.names(kind, "iris")
        if (live := world.cluster.find(kind, "iris", name))
    ]
    deleted = {**body["metadata"], "deletionTimestamp": "2026-11-23T13:00:00Z"}
    world.cluster.put(kinds.IRIS_MODEL, {**body, "metadata": deleted})
    world.cluster.calls.clear()

    await world.run(5)

    assert world.cluster.calls == []
    names = {live["metadata"]["name"] for live in owned}
    assert ("iris-canary" in names) == (state not in ("Promoted", "RolledBack"))
    for live in owned:
        [owner] = live["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"]) == ("IrisModel", "iris")
        assert (owner["uid"], owner["controller"]) == (body["metadata"]["uid"], True)
