"""Rollouts by steps as scenarios: what a commit leads to, with the objects, the route and requests."""

from typing import Any, Final

import pytest
from iris_api import kinds
from iris_api.kinds import Kind
from iris_operator.observe import pod_http

from tests.operator.gateway_world import GatewayWorld

# One step, which a healthy version passes soon.
TRANSITIONS: Final = (kinds.IRIS_MODEL, kinds.DEPLOYMENT, kinds.SERVICE, kinds.HTTP_ROUTE)
FIRST: Final = 5
SHORT: Final[dict[str, Any]] = {"steps": [50]}


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
    assert "and 0 for the stable version, which shows a difference of at least" in rejected["message"]
    assert (world.template(), world.template("iris-canary"), world.gateway.lost) == ("1.0.0", "", 0)


async def test_a_gateway_that_refuses_the_route_makes_the_split_impossible() -> None:
    world = await served()
    world.gateway.refusal = "no listener allows the namespace"

    world.step_to("1.1.0")
    await world.run(60)

    assert (world.reason(), world.template(), world.percents) == ("SplitImpossible", "1.0.0", [0])
    assert "no listener allows the namespace; 1.0.0 is serving" in world.message()

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


async def test_testers_get_the_candidate_by_their_header_while_it_has_a_share() -> None:
    world = await served()
    testers = {"header": "x-iris-track", "value": "canary"}

    world.step_to("1.1.0", rollout={"testers": testers})
    await world.run(until="Preparing")
    assert len(world.rules()) == 1
    await world.run(until="Judging")

    by_header, by_share = world.rules()
    assert by_header["matches"][0] == {
        **by_share["matches"][0],
        "headers": [{"type": "Exact", "name": "x-iris-track", "value": "canary"}],
    }
    assert [backend["name"] for backend in by_header["backendRefs"]] == ["iris-canary"]
    await world.run(until="Promoted")
    assert len(world.rules()) == 1


async def test_an_autoscaler_removes_no_stable_pod_while_the_candidate_has_a_share() -> None:
    world = await served(autoscaling={"minReplicas": 2, "maxReplicas": 4})
    shrinks = {world.routed(): world.may_shrink()}

    world.step_to("1.1.0", autoscaling={"minReplicas": 2, "maxReplicas": 4})
    while world.rollout().get("state") != "Promoted":
        await world.round()
        shrinks[world.routed()] = world.may_shrink()

    assert shrinks == {0: True, 5: False, 20: False, 50: False}


async def test_a_gateway_that_disappears_in_a_step_does_not_keep_its_candidate_for_ever() -> None:
    world = await served()
    world.step_to("1.1.0", rollout=SHORT)
    await world.run(until="Judging")
    await world.run(2)
    world.gateway.is_there, world.gateway.weights = False, {}

    world.step_to("1.0.0", rollout=SHORT)
    await world.run(5)
    assert world.template("iris-canary") == "1.1.0"
    await world.rest()

    assert (world.reason(), world.template(), world.template("iris-canary")) == ("Serving", "1.0.0", "")


async def test_a_candidate_whose_deployment_is_deleted_by_hand_gets_no_request_any_more() -> None:
    world = await served()
    world.step_to("1.1.0", rollout=SHORT)
    await world.run(until="Judging")
    await world.run(2)
    assert world.routed() == 50

    live = world.cluster.find(kinds.DEPLOYMENT, "iris", "iris-canary")
    assert live is not None
    world.cluster.take(kinds.DEPLOYMENT, live)
    await world.round()

    assert world.routed() == 0
    await world.rest()
    assert world.rollout()["rejected"]["reason"] == "CandidateLost"


async def test_an_operator_whose_view_of_the_status_is_old_leaves_the_route_of_a_later_step() -> None:
    """It has nothing to persist, so that no precondition of a status stops it."""
    world = await served()
    world.step_to("1.1.0")
    await world.run(until="Stepping")
    world.counting.failure = pod_http.Failed("pod iris-canary-0: GET /metrics: timeout")
    await world.run(5)
    old = world.model()
    assert (world.routed(), old["status"]["rollout"]["weight"]) == (FIRST, FIRST)
    world.counting.failure = None
    while world.routed() == FIRST:
        await world.round()
    later = world.routed()
    world.counting.failure = pod_http.Failed("pod iris-canary-0: GET /metrics: timeout")

    await world.look_behind(old)

    assert world.routed() == later


async def test_a_step_that_a_release_without_steps_has_overwritten_leaves_no_share_behind() -> None:
    """In a step, a pass of release 0.1.0 gives the version to the stable pods, deletes the candidate and
    `status.rollout`, and leaves the HTTPRoute, which it does not know."""
    world = await served()
    world.step_to("1.1.0")
    await world.run(until="Stepping")
    while world.routed() != FIRST:
        await world.round()
    world.cluster.written = lambda *_: None  # that release breaks the rule about pods behind a share
    for kind in (kinds.DEPLOYMENT, kinds.SERVICE, kinds.NETWORK_POLICY, kinds.POD_DISRUPTION_BUDGET):
        world.cluster.take(kind, found(world, kind, "iris-canary"))
    account = found(world, kinds.SERVICE_ACCOUNT)
    del account["metadata"]["annotations"]
    world.cluster.put(kinds.SERVICE_ACCOUNT, account)
    body = found(world, kinds.IRIS_MODEL)
    del body["status"]["rollout"]
    world.cluster.put(kinds.IRIS_MODEL, body)
    assert world.routed() == FIRST

    await world.round()
    assert world.routed() == 0
    await world.run(12)

    assert (world.reason(), world.rollout(), world.template()) == ("Serving", {}, "1.1.0")


def found(world: GatewayWorld, kind: Kind, name: str = "iris") -> dict[str, Any]:
    live = world.cluster.find(kind, "iris", name)
    assert live is not None
    return live


async def begun(story: str) -> GatewayWorld:
    """A commit of this story is to be acted on."""
    world = await served()
    world.gateway.failing["1.1.0"] = 0.3 if story == "bad" else 0.0
    world.requests = 2000
    world.step_to("1.1.0", rollout=SHORT)
    if story == "withdrawn":
        await world.run(until="Judging")
        await world.run(2)
        world.step_to("1.0.0", rollout=SHORT)
    return world


@pytest.mark.parametrize(
    ("story", "version", "state"),
    [
        ("good", "1.1.0", "Promoted"),
        ("bad", "1.0.0", "RolledBack"),
        ("withdrawn", "1.0.0", None),
    ],
)
async def test_an_operator_that_ends_after_any_transition_changes_nothing_about_a_rollout_by_steps(
    story: str, version: str, state: str | None
) -> None:
    """To end before a call leaves what the call before it has left."""
    whole = await begun(story)
    whole.cluster.calls.clear()
    await whole.rest()
    transitions = [at for at, call in enumerate(whole.cluster.calls) if call.kind in TRANSITIONS]
    assert len(transitions) > 5

    for at in transitions:
        world = await begun(story)
        world.crash(at, before=False)
        await world.rest()

        assert (world.template(), world.rollout().get("state"), world.percents[-1]) == (version, state, 0), at
        assert world.cluster.names(kinds.DEPLOYMENT, "iris") == ["iris"]
        assert world.gateway.lost == 0
