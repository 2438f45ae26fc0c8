"""Rollouts by steps on a virtual clock: what requests decide, and what commits and faults change."""

from typing import Any

import pytest
from iris_operator.model.spec import Gates

from tests.operator.stepping_world import SteppingWorld, shape


def begun(
    version: str = "1.1.0", *, failing: float = 0.0, requests: int = 100, **policy: Any
) -> SteppingWorld:
    world = SteppingWorld(requests)
    world.failing[version] = failing
    world.declare(version, **policy)
    return world


def test_a_healthy_version_is_promoted_through_every_step() -> None:
    world = begun()

    world.run(until="Promoted")

    assert world.states == ["Preparing", "Stepping", "Judging", "Promoting", "Promoted"]
    assert world.events == ["RolloutStarted", *["StepReached"] * 3, "RolloutPromoted"]
    assert (world.stable.version, world.routed) == ("1.1.0", 0)
    assert {row["name"]: row["verdict"] for row in world.status["gates"]} == dict.fromkeys(
        ("failed", "refused", "slow", "shift"), "Pass"
    )
    world.run(3)
    assert world.candidate is None


def test_a_failing_version_is_rolled_back_on_the_first_step_with_its_numbers() -> None:
    world = begun(failing=0.2)

    world.run(until="RolledBack")

    assert world.states == ["Preparing", "Stepping", "RollingBack", "RolledBack"]
    rejected = world.status["rejected"]
    assert rejected["reason"] == "GateFailed"
    assert "gate failed: found" in rejected["message"]
    assert "expected at most 10 (spec.rollout.gates.failedPerMille)" in rejected["message"]
    assert (world.stable.version, world.routed) == ("1.0.0", 0)
    world.run(500)
    assert (world.candidate, world.status["state"]) == (None, "RolledBack")


def test_a_candidate_loses_its_requests_five_seconds_before_its_pods() -> None:
    world = begun(failing=0.2)
    world.run(until="RollingBack")
    assert (world.routed, world.status["weight"]) == (0, 0)
    seconds = 0

    while world.candidate is not None:
        world.tick()
        seconds += 5

    assert seconds >= 10


@pytest.mark.parametrize(
    ("choice", "state", "reason"),
    [
        ("Hold", "Held", "RolloutHeld"),
        ("Promote", "Promoted", "Serving"),
        ("RollBack", "RolledBack", "RolledBack"),
    ],
)
def test_too_few_requests_hold_promote_or_roll_back_as_declared(choice: str, state: str, reason: str) -> None:
    world = begun(requests=1, not_enough=choice)

    world.run(until=state)

    assert world.reason == reason
    if state == "Held":
        assert "more requests" in world.message
        assert world.routed == 50


def test_a_held_version_is_promoted_by_the_commit_that_approves_it() -> None:
    world = begun(requests=1, approved="1.0.0")
    world.run(until="Held")
    assert world.message.endswith("; spec.rollout.approved: found '1.0.0', expected '1.1.0'")

    world.declare("1.1.0", approved="1.1.0")
    world.run(until="Promoted")

    assert world.stable.version == "1.1.0"


def test_a_held_version_is_promoted_once_the_evidence_suffices() -> None:
    world = begun(requests=1)
    world.run(until="Held")

    world.requests = 400
    world.run(until="Promoted")


def test_a_version_that_passes_waits_with_its_share_for_an_approval() -> None:
    world = begun(approval="Manual")
    world.run(until="AwaitingApproval")
    world.run(100)
    assert (world.status["state"], world.reason, world.routed) == ("AwaitingApproval", "AwaitingApproval", 50)

    world.failing["1.1.0"] = 0.3
    world.run(until="RolledBack")


def test_a_pause_keeps_the_share_and_still_rolls_back() -> None:
    world = begun(pause=True)
    world.run(200)
    assert (world.status["state"], world.reason, world.routed) == ("Stepping", "RolloutPaused", 5)

    world.failing["1.1.0"] = 0.3
    world.run(until="RolledBack")


def test_a_share_that_is_not_the_declared_one_decides_nothing() -> None:
    world = begun()
    world.skew = 10

    world.run(until="Held")

    assert "found 60 % of the requests at the candidate, expected 50 ± 3 %" in world.message


def test_half_of_a_small_share_is_no_sample() -> None:
    world = begun(steps=[5])
    world.skew = -3

    world.run(until="Held")

    assert "found 2 % of the requests at the candidate, expected 5 ± 2.5 %" in world.message


def test_a_router_that_starts_anew_again_and_again_ends_held_and_promotes_nothing() -> None:
    """Traefik's balancers begin with the heaviest: the candidate gets nothing of the first step."""
    world = begun()
    world.skew = -5

    world.run(until="Held")

    assert world.states == ["Preparing", "Stepping", "Judging", "Held"]
    assert (world.stable.version, world.status["observedPerMille"]) == ("1.0.0", 450)


def test_a_candidate_that_loses_its_pods_gets_no_request_in_that_pass() -> None:
    world = begun()
    world.run(until="Judging")
    world.run(10)
    assert (world.routed, world.candidate is not None) == (50, True)
    assert world.candidate
    world.candidate.is_down = True

    world.tick()

    assert (world.routed, world.status["rejected"]["reason"]) == (0, "CandidateLost")


def test_a_candidate_that_restarts_in_a_step_is_refused() -> None:
    world = begun()
    world.run(until="Judging")
    world.run(10)
    assert world.candidate
    world.candidate.life, world.candidate.counted = 1, type(world.candidate.counted)()

    world.run(until="RolledBack")

    assert "restarted container in pod canary-0" in world.status["rejected"]["message"]


def test_a_candidate_replaces_a_stable_version_that_is_lost_in_a_step() -> None:
    world = begun()
    world.run(until="Judging")
    world.stable.is_down = True

    world.run(until="Promoted")

    assert "StableLost" in world.events


def test_a_withdrawn_candidate_loses_its_requests_and_leaves_no_status() -> None:
    world = begun()
    world.run(until="Judging")
    world.run(10)

    world.declare("1.0.0")
    world.run(20)

    assert (world.status, world.candidate, world.routed) == ({}, None, 0)
    assert world.events[-1] == "RolloutWithdrawn"


@pytest.mark.parametrize("policy", [{"skip": "1.1.0"}, {"strategy": "Immediate"}], ids=["skip", "no rollout"])
def test_a_commit_that_ends_the_rollout_first_drains_the_candidate(policy: dict[str, Any]) -> None:
    world = begun()
    world.run(until="Judging")
    world.run(10)

    world.declare("1.1.0", **policy)
    world.run(20)

    assert (world.status, world.candidate, world.stable.version) == ({}, None, "1.1.0")


def test_a_third_version_gets_no_request_that_was_meant_for_the_second() -> None:
    world = begun()
    world.run(until="Judging")
    world.run(10)

    world.declare("1.2.0")
    world.tick()
    assert world.routed == 0
    world.run(until="Promoted")

    assert world.stable.version == "1.2.0"


def test_a_step_begins_anew_after_a_suspension() -> None:
    world = begun()
    world.run(until="Judging")
    world.run(8)
    assert "baseline" in world.status
    world.suspend(500)
    assert "baseline" not in world.status

    world.tick()

    assert (world.status["state"], world.routed) == ("Judging", 50)
    world.run(until="Promoted")


def test_a_route_that_cannot_split_is_told_and_the_former_version_serves() -> None:
    world = begun()
    world.is_accepted, world.refusal = False, "found no Gateway traefik/traefik"

    world.run(200)

    assert (world.reason, world.routed) == ("SplitImpossible", 0)
    assert "found no Gateway traefik/traefik; 1.0.0 is serving" in world.message
    world.is_accepted, world.refusal = True, ""
    world.run(until="Promoted")


def test_pods_whose_counts_cannot_be_read_hold_the_rollout() -> None:
    world = begun()
    world.failure = "pod canary-0: /metrics: timeout"

    world.run(until="Held")

    assert "found no request counts: pod canary-0: /metrics: timeout" in world.message


def test_a_refused_version_is_tried_again_when_a_gate_is_wider() -> None:
    world = begun(failing=0.2)
    world.run(until="RolledBack")
    world.run(100)
    assert world.candidate is None

    world.declare("1.1.0", gates=Gates(800, failed_per_mille=1000))
    world.run(until="Promoted")


def test_candidate_pods_grow_with_their_share() -> None:
    world = begun(steps=(5, 100))
    world.run(until="Stepping")
    assert world.candidate
    assert world.candidate.amount == 2

    world.run(until="Judging")
    assert world.candidate.amount == 4


def test_the_status_is_not_written_at_every_look_at_the_counts() -> None:
    """One write per transition and per look, not per reading."""
    world = begun(requests=2)
    written, ticks = 0, 0
    while world.status.get("state") != "Held":
        before = world.status
        world.tick()
        written, ticks = written + (world.status != before), ticks + 1

    assert (ticks > 400, written < 60) == (True, True)
    assert world.declared == shape("1.1.0")
