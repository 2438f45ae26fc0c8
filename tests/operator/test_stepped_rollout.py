"""Rollouts by steps as scenarios: what a commit leads to, with the objects, the route and requests."""

from typing import Any

from tests.operator.gateway_world import GatewayWorld


async def served(**declared: Any) -> GatewayWorld:
    """Version 1.0.0 serves."""
    world = GatewayWorld()
    world.step_to("1.0.0", **declared)
    await world.run(12)
    assert world.reason() == "Serving"
    world.gateway.lost = 0
    return world


async def test_a_good_version_gets_every_step_and_then_everything() -> None:
    world = await served()

    world.step_to("1.1.0")
    await world.run(until="Promoted")
    await world.run(3)

    assert world.states == [None, "Preparing", "Stepping", "Judging", "Promoting", "Promoted"]
    assert world.percents == [0, 5, 20, 50, 0]
    assert (world.template(), world.template("iris-canary"), world.gateway.lost) == ("1.1.0", "", 0)
    assert world.reason() == "Serving"


async def test_a_failing_version_gets_no_more_than_its_first_step() -> None:
    world = await served()
    world.gateway.failing["1.1.0"] = 0.3

    world.step_to("1.1.0")
    await world.run(until="RolledBack")
    await world.run(3)

    assert world.percents == [0, 5, 0]
    rejected = world.rollout()["rejected"]
    assert rejected["reason"] == "GateFailed"
    assert "of 1,000 against 0 of the stable version" in rejected["message"]
    assert (world.template(), world.template("iris-canary"), world.gateway.lost) == ("1.0.0", "", 0)


async def test_a_gateway_that_refuses_the_route_makes_the_split_impossible() -> None:
    world = await served()
    world.gateway.refusal = "no listener allows the namespace"

    world.step_to("1.1.0")
    await world.run(60)

    assert (world.reason(), world.template(), world.percents) == ("SplitImpossible", "1.0.0", [0])
    assert "no listener allows the namespace; 1.0.0 serves" in world.message()

    world.gateway.refusal = ""
    await world.run(until="Promoted")


async def test_a_gateway_that_does_not_answer_makes_the_split_impossible_after_the_deadline() -> None:
    world = await served()
    world.gateway.is_there = False

    world.step_to("1.1.0")
    await world.run(60)

    assert (world.reason(), world.template(), world.gateway.lost) == ("SplitImpossible", "1.0.0", 0)


async def test_a_cluster_without_the_api_of_gateways_makes_the_split_impossible() -> None:
    world = await served()
    world.absent = True

    world.step_to("1.1.0")
    await world.run(20)

    assert (world.reason(), world.template()) == ("SplitImpossible", "1.0.0")
    assert "found no API for HTTPRoute, expected the CRDs of Gateway API" in world.message()
