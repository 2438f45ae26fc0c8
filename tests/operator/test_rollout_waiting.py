"""Rollouts that wait: for an approval, or for the end of a pause; and grants of other versions."""

from typing import Any

import pytest

from tests.operator.rollout_world import CANARY, WORSE, World, served


async def waiting(**rollout: Any) -> World:
    """Version 1.1.0 has agreed and waits for a commit."""
    world = await served()
    world.declare("1.1.0", rollout={**CANARY, **rollout})
    await world.settle()
    return world


async def test_a_candidate_waits_for_an_approval_that_names_its_version() -> None:
    world = await waiting(approval="Manual", approved="1.0.0")
    assert (world.reason(), world.template()) == ("AwaitingApproval", "1.0.0")
    assert world.rollout()["state"] == "AwaitingApproval"
    assert world.rollout()["agreement"]["agree"] == 9
    assert "found '1.0.0', expected '1.1.0'" in world.message()

    world.declare("1.1.0", rollout={**CANARY, "approval": "Manual", "approved": "1.1.0"})
    await world.settle()

    assert (world.reason(), world.template()) == ("Serving", "1.1.0")
    assert world.prover.asked == [("1.0.0", "1.1.0")]
    assert world.rollout()["agreement"]["agree"] == 9


async def test_a_paused_candidate_is_promoted_once_the_pause_ends() -> None:
    world = await waiting(pause=True)
    assert (world.reason(), world.template(), world.rollout()["state"]) == ("RolloutPaused", "1.0.0", "Held")

    world.declare("1.1.0", rollout={**CANARY, "pause": False})
    await world.settle()

    assert (world.reason(), world.template()) == ("Serving", "1.1.0")
    assert world.prover.asked == [("1.0.0", "1.1.0")]


@pytest.mark.parametrize("rollout", [{"approval": "Manual"}, {"pause": True}], ids=["approval", "pause"])
async def test_a_candidate_that_waits_costs_no_call_and_can_be_withdrawn(rollout: dict[str, Any]) -> None:
    world = await waiting(**rollout)
    world.cluster.calls.clear()
    await world.settle(5)
    assert world.cluster.calls == []

    world.declare("1.0.0", rollout={**CANARY, **rollout})
    await world.settle()

    assert (world.reason(), world.template(), world.template("iris-canary")) == ("Serving", "1.0.0", "")
    assert world.rollout() == {}
    assert "RolloutWithdrawn" in world.events()


async def test_a_candidate_that_waits_and_loses_its_pods_is_promoted_with_new_ones() -> None:
    world = await waiting(approval="Manual")

    world.lose_pods("iris-canary")
    await world.settle()
    assert world.reason() == "AwaitingApproval"
    world.declare("1.1.0", rollout={**CANARY, "approval": "Manual", "approved": "1.1.0"})
    await world.settle()

    assert (world.reason(), world.template()) == ("Serving", "1.1.0")


async def test_a_paused_rollout_still_refuses_a_candidate_that_disagrees() -> None:
    world = await served()

    world.declare(WORSE, rollout={**CANARY, "pause": True})
    await world.settle()

    assert (world.reason(), world.rollout()["state"]) == ("RolledBack", "RolledBack")


async def test_a_skip_and_an_approval_of_another_version_are_ignored_and_named() -> None:
    world = await served()

    world.declare("1.1.0", rollout={**CANARY, "skip": "1.0.9", "approved": "1.0.8"})
    await world.settle()

    assert world.prover.asked == [("1.0.0", "1.1.0")]
    assert (world.reason(), world.template()) == ("Serving", "1.1.0")
    [note] = [event["note"] for event in world.found_events() if event["reason"] == "RolloutStarted"]
    assert note == (
        "version 1.1.0 is compared with 1.0.0 before it serves; "
        "spec.rollout.skip names 1.0.9, not 1.1.0, and is ignored; "
        "spec.rollout.approved names 1.0.8, not 1.1.0, and is ignored"
    )
