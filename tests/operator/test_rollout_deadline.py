"""No wait of a rollout is endless: what does not change comes to a verdict within the progress deadline."""

from tests.operator.rollout_world import CANARY, served
from tests.operator.stepping_world import SteppingWorld


async def test_a_stable_version_that_does_not_answer_ends_the_rollout_with_the_cause() -> None:
    """Its pods are ready, and the operator does not reach them."""
    world = await served()
    world.prover.silent.add("1.0.0")

    world.declare("1.1.0", rollout=CANARY)
    await world.settle()

    assert (world.reason(), world.template(), world.template("iris-canary")) == ("RolledBack", "1.0.0", "")
    assert world.rollout()["rejected"]["reason"] == "ReferenceRowsFailed"
    assert "no pod of version 1.0.0 answers: pod iris-" in world.message()


async def test_a_stable_version_that_answers_again_in_time_is_compared() -> None:
    world = await served()
    world.prover.silent.add("1.0.0")
    world.declare("1.1.0", rollout=CANARY)
    for _ in range(8):
        world.controller.step("iris")
        await world.look()
    assert "no pod of version 1.0.0 answers" in world.message()

    world.prover.silent.clear()
    await world.settle()

    assert (world.reason(), world.template()) == ("Serving", "1.1.0")


async def test_an_approved_candidate_that_has_lost_its_pods_for_good_is_given_up() -> None:
    world = await served()
    manual = {**CANARY, "approval": "Manual"}
    world.declare("1.1.0", rollout=manual)
    await world.settle()
    world.stop_starting("1.1.0")
    world.lose_pods("iris-canary")
    await world.settle()
    assert world.reason() == "AwaitingApproval"

    world.declare("1.1.0", rollout={**manual, "approved": "1.1.0"})
    await world.settle()

    assert (world.reason(), world.template()) == ("RolledBack", "1.0.0")
    assert world.rollout()["rejected"]["reason"] == "ProgressDeadlineExceeded"


def test_a_route_that_never_gets_the_share_makes_the_split_impossible() -> None:
    """Its write is refused, or somebody forces the former weights."""
    world = SteppingWorld()
    world.declare("1.1.0")
    world.is_forced = True

    world.run(200)

    assert (world.reason, world.routed) == ("SplitImpossible", 0)
    found = "HTTPRoute: found a weight of 0 % for the candidate, expected 5 %; 1.0.0 is serving"
    assert found in world.message

    world.is_forced = False
    world.run(until="Promoted")
