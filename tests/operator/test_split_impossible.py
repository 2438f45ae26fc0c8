"""A Gateway that cannot divide requests: SplitImpossible with the cure, and nobody loses a request."""

import copy
from collections.abc import Mapping
from typing import Any, Final

import pytest
from iris_api import kinds

from tests.operator.gateway_world import GatewayWorld

NAME: Final = "Gateway gateways/public"
OPEN: Final[Mapping[str, Any]] = {
    "name": "web", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": {"from": "All"}},
}  # fmt: skip
CLOSED: Final[Mapping[str, Any]] = {**OPEN, "allowedRoutes": {"namespaces": {"from": "Same"}}}
ACCEPTED: Final = [{"type": "Accepted", "status": "True"}]
REFUSED: Final = [{"type": "Accepted", "status": "False", "reason": "Waiting", "message": "no controller"}]


async def served() -> GatewayWorld:
    world = GatewayWorld()
    put(world, OPEN, ACCEPTED)
    world.step_to("1.0.0")
    await world.run(12)
    assert world.reason() == "Serving"
    world.gateway.lost = 0
    return world


def put(world: GatewayWorld, listener: Mapping[str, Any], conditions: Any, *features: str) -> None:
    metadata = {"name": "public", "namespace": "gateways"}
    spec = {"gatewayClassName": "best", "listeners": [copy.deepcopy(dict(listener))]}
    world.cluster.put(kinds.GATEWAY, {"metadata": metadata, "spec": spec})
    status = {"conditions": conditions, "supportedFeatures": [{"name": name} for name in features]}
    world.cluster.put(
        kinds.GATEWAY_CLASS, {"metadata": {"name": "best", "namespace": None}, "status": status}
    )


def take_gateway(world: GatewayWorld) -> None:
    found = world.cluster.find(kinds.GATEWAY, "gateways", "public")
    assert found is not None
    world.cluster.take(kinds.GATEWAY, found)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda world: put(world, CLOSED, ACCEPTED),
            (
                f"{NAME}: found listener web, "
                "expected one whose allowedRoutes admits an HTTPRoute of namespace iris"
            ),
        ),
        (
            lambda world: put(world, OPEN, REFUSED),
            (
                f"{NAME}: GatewayClass best is not accepted (Waiting: no controller), "
                "expected a controller that runs and accepts it"
            ),
        ),
        (
            lambda world: put(world, OPEN, ACCEPTED, "Gateway", "TLSRoute"),
            f"{NAME}: GatewayClass best does not support HTTPRoute, expected a class that does",
        ),
        (take_gateway, f"found no {NAME}, expected one"),
        (
            lambda _: None,
            (
                f"{NAME}: NotAllowedByListeners: "
                "the controller gives no reason, expected it to accept the HTTPRoute"
            ),
        ),
    ],
    ids=["closed listener", "class not accepted", "class cannot split", "no Gateway", "no cause found"],
)
async def test_a_gateway_that_refuses_a_route_without_words_is_examined_for_the_cure(
    change: Any, words: str
) -> None:
    world = await served()
    change(world)
    world.gateway.refusal, world.gateway.is_silent = "refused", True

    world.step_to("1.1.0")
    await world.run(60)

    assert (world.reason(), world.template(), world.percents) == ("SplitImpossible", "1.0.0", [0])
    assert world.message() == f"{words}; 1.0.0 is serving"
    assert world.rollout()["missing"] == words
    assert world.gateway.lost == 0

    put(world, OPEN, ACCEPTED)
    world.gateway.refusal = ""
    await world.run(until="Promoted")


async def test_the_words_of_a_controller_come_before_what_the_operator_finds() -> None:
    world = await served()
    put(world, CLOSED, ACCEPTED)
    world.gateway.refusal = "not for you"

    world.step_to("1.1.0")
    await world.run(60)

    assert world.message() == f"{NAME}: NotAllowedByListeners: not for you; 1.0.0 is serving"
