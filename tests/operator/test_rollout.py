"""Rollouts as scenarios: what a commit leads to, also when the operator ends in between."""

import pytest
from iris_api import kinds

from tests.operator.rollout_world import BROKEN, CANARY, WORSE, World, served


async def test_a_candidate_that_agrees_is_promoted_and_leaves_nothing_behind() -> None:
    world = await served()

    world.declare("1.1.0", rollout=CANARY)
    await world.settle()

    assert (world.reason(), world.template(), world.template("iris-canary")) == ("Serving", "1.1.0", "")
    assert world.rollout()["state"] == "Promoted"
    assert world.rollout()["agreement"] == {
        "rows": 10, "agree": 9, "judged": True, "differ": ["b → a: 1"],
    }  # fmt: skip
    assert world.prover.asked == [("1.0.0", "1.1.0")]
    assert [reason for reason in world.events() if reason.startswith("Rollout")] == [
        "RolloutStarted",
        "RolloutPromoted",
    ]


async def test_the_message_of_a_rollout_names_its_version_once() -> None:
    world = await served()

    world.declare("1.1.0", rollout=CANARY)
    await world.settle(2)

    assert world.rollout()["state"] == "Preparing"
    [message] = [row["message"] for row in world.status()["conditions"] if row["type"] == "Ready"]
    assert message.startswith("rollout of version 1.1.0: ")
    assert message.count("1.1.0") == 1


async def test_a_candidate_that_disagrees_reaches_nobody() -> None:
    world = await served()

    world.declare(WORSE, rollout=CANARY)
    for _ in range(60):
        await world.settle(1)
        assert set(world.serving()) == {"1.0.0"}

    assert (world.reason(), world.template(), world.template("iris-canary")) == ("RolledBack", "1.0.0", "")
    rejected = world.rollout()["rejected"]
    assert (rejected["version"], rejected["reason"]) == (WORSE, "AgreementTooLow")
    assert "0 of 10 reference rows" in rejected["message"]
    assert world.status()["servingVersion"] == "1.0.0"
    assert world.status()["history"][0]["outcome"] == "RolledBack"


async def test_a_candidate_that_never_starts_is_given_up_after_the_deadline() -> None:
    world = await served()

    world.declare(BROKEN, rollout=CANARY)
    await world.settle()

    assert world.reason() == "RolledBack"
    assert world.rollout()["rejected"]["reason"] == "ProgressDeadlineExceeded"
    assert (world.template(), world.template("iris-canary")) == ("1.0.0", "")


@pytest.mark.parametrize("ending", ["promoted", "rolled back", "withdrawn"])
async def test_a_rollout_that_has_ended_costs_no_call(ending: str) -> None:
    world = await served()
    world.declare(WORSE if ending == "rolled back" else "1.1.0", rollout=CANARY)
    await world.settle(2 if ending == "withdrawn" else 60)
    if ending == "withdrawn":
        world.declare("1.0.0", rollout=CANARY)
        await world.settle()
    world.cluster.calls.clear()

    await world.settle(5)

    assert world.cluster.calls == []


async def test_lowering_the_gate_tries_a_refused_version_again() -> None:
    world = await served()
    world.declare(WORSE, rollout=CANARY)
    await world.settle()

    world.declare(WORSE, rollout={**CANARY, "gates": {"agreementPerMille": 0}})
    await world.settle()

    assert (world.reason(), world.template()) == ("Serving", WORSE)
    assert "agreement" not in world.rollout()


async def test_another_number_of_replicas_tries_nothing_again() -> None:
    world = await served()
    world.declare(WORSE, rollout=CANARY)
    await world.settle()
    world.prover.asked.clear()

    world.declare(WORSE, rollout=CANARY, replicas=3)
    await world.settle()

    assert world.rollout()["state"] == "RolledBack"
    assert world.serving() == ["1.0.0"] * 3
    assert world.prover.asked == []


async def test_a_change_of_the_environment_is_compared_like_a_version() -> None:
    world = await served()

    world.declare("1.0.0", rollout=CANARY, env=[{"name": "TZ", "value": "UTC"}])
    await world.settle()

    assert world.rollout()["state"] == "Promoted"
    assert world.prover.asked == [("1.0.0", "1.0.0")]


async def test_an_immediate_rollout_compares_nothing() -> None:
    world = await served()

    world.declare(WORSE, rollout={"strategy": "Immediate"})
    await world.settle(12)

    assert (world.reason(), world.template()) == ("Serving", WORSE)
    assert world.rollout() == {}
    assert world.prover.asked == []


async def test_a_stable_version_without_a_ready_pod_blocks_no_other() -> None:
    world = World()
    world.declare(BROKEN, rollout=CANARY)
    await world.settle(12)

    world.declare("1.0.0", rollout=CANARY)
    await world.settle(12)

    assert (world.reason(), world.template()) == ("Serving", "1.0.0")


async def test_a_candidate_replaces_a_stable_version_that_is_lost_meanwhile() -> None:
    world = await served()
    world.declare("1.1.0", rollout=CANARY)
    await world.look()
    for _ in range(4):
        world.lose_pods()
        world.controller.step("iris")
        world.lose_pods()
        await world.look()

    await world.settle()

    assert (world.reason(), world.template()) == ("Serving", "1.1.0")


async def test_a_promotion_whose_pods_fail_goes_back_to_what_served() -> None:
    world = await served()
    world.declare("1.2.0", rollout=CANARY)
    while world.rollout().get("state") != "Promoting":
        await world.settle(1)

    world.stop_starting("1.2.0")
    await world.settle()

    assert (world.reason(), world.template(), world.template("iris-canary")) == ("RolledBack", "1.0.0", "")
    assert world.rollout()["state"] == "RolledBack"
    assert world.status()["servingVersion"] == "1.0.0"
    assert "RolledBack" in world.events()


async def test_nothing_serves_nothing_is_compared() -> None:
    world = await served()

    world.declare("1.1.0", rollout=CANARY, replicas=0)
    await world.settle()

    assert (world.reason(), world.template(), world.rollout()) == ("ScaledToZero", "1.1.0", {})


async def test_an_upgraded_operator_that_finds_no_copy_of_the_shape_replaces_at_once() -> None:
    world = await served()
    account = world.cluster.find(kinds.SERVICE_ACCOUNT, "iris", "iris")
    assert account is not None
    account["metadata"]["annotations"] = {}
    world.cluster.put(kinds.SERVICE_ACCOUNT, account)

    world.declare("1.1.0", rollout=CANARY)
    await world.settle(12)

    assert (world.reason(), world.template()) == ("Serving", "1.1.0")


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("version", ["1.1.0", WORSE])
async def test_an_operator_that_ends_at_any_call_changes_nothing_about_the_outcome(
    version: str, before: bool
) -> None:
    whole = await served()
    whole.cluster.calls.clear()
    whole.declare(version, rollout=CANARY)
    await whole.settle()
    calls = len(whole.cluster.calls)
    assert calls > 10

    for at in range(calls):
        world = await served()
        world.crash(at, before=before)
        world.declare(version, rollout=CANARY)
        await world.settle()

        assert (world.reason(), world.template()) == (whole.reason(), whole.template())
        assert world.rollout()["state"] == whole.rollout()["state"]
        assert world.cluster.names(kinds.DEPLOYMENT, "iris") == ["iris"]


async def test_pods_of_a_candidate_that_was_superseded_are_not_taken_for_the_next() -> None:
    """The operator ends after it has decided and before it has written the Deployment."""
    world = await served()
    world.declare("1.1.0", rollout=CANARY)
    await world.look()
    for _ in range(4):
        world.controller.step("iris")
    world.crash(0, before=False)

    world.declare("1.2.0", rollout=CANARY)
    await world.look()
    assert world.rollout()["candidate"]["version"] == "1.2.0"
    assert world.template("iris-canary") == "1.1.0"
    await world.settle()

    assert (world.reason(), world.template()) == ("Serving", "1.2.0")
