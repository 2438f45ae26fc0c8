"""Rollouts in any order of commits, crashes and suspensions: what must hold after every single write."""

import asyncio
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from iris_api import kinds
from iris_api.kinds import Kind

from tests.operator.rollout_world import BROKEN, CANARY, WORSE, World

GOOD = ("1.0.0", "1.1.0", "1.2.0")
VERSIONS = st.sampled_from((*GOOD, WORSE, BROKEN))
TICKS = st.tuples(st.just("tick"), st.integers(1, 12))
COMMITS = st.tuples(st.just("commit"), VERSIONS)
CRASHES = st.tuples(st.just("crash"), st.integers(0, 12), st.booleans())
SUSPENSIONS = st.tuples(st.just("suspend"), st.integers(1, 3))
WALKS = st.lists(st.one_of(COMMITS, TICKS, CRASHES, SUSPENSIONS), min_size=2, max_size=12)
EVERYTHING = st.lists(
    st.one_of(COMMITS, TICKS, CRASHES, st.tuples(st.just("switch")), st.tuples(st.just("lose"))),
    min_size=2,
    max_size=12,
)
MANY = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


class Walk:
    """Takes one step after the other; remembers the newest commit."""

    def __init__(self) -> None:
        self.world = World()
        self.version = "1.0.0"
        self.is_canary = True

    async def begin(self) -> None:
        self.commit()
        await self.world.settle(10)
        assert self.world.reason() == "Serving"

    def commit(self, *, suspend: bool = False) -> None:
        rollout = CANARY if self.is_canary else {"strategy": "Immediate"}
        self.world.declare(self.version, rollout=rollout, suspend=suspend)

    async def take(self, step: tuple[Any, ...]) -> None:
        name, *arguments = step
        if name == "commit":
            [self.version] = arguments
            self.commit()
        elif name == "tick":
            await self.world.settle(*arguments)
        elif name == "crash":
            at, before = arguments
            self.world.crash(at, before=before)
        elif name == "suspend":
            self.commit(suspend=True)
            await self.world.settle(*arguments)
            self.commit()
        elif name == "switch":
            self.is_canary = not self.is_canary
            self.commit()
        else:
            self.world.lose_pods()


def nobody_gets_a_bad_version(world: World) -> None:
    """Installs the invariants of a canary rollout, checked at each write."""

    def written(kind: Kind, body: Mapping[str, Any]) -> None:
        assert set(world.serving()) <= set(GOOD)
        if kind != kinds.DEPLOYMENT or body["metadata"]["name"] != "iris":
            return
        template = world.template()
        assert template in GOOD
        state = world.rollout()
        account = world.cluster.find(kinds.SERVICE_ACCOUNT, "iris", "iris")
        assert account is not None
        is_promoting = state.get("state") == "Promoting" and state["candidate"]["version"] == template
        is_fallback = (
            f'"version":"{template}"' in account["metadata"]["annotations"]["serving.two.inc/built-from"]
        )
        assert is_promoting or is_fallback
        assert body["spec"]["replicas"] == 2

    world.cluster.written = written


async def at_rest(world: World) -> None:
    """Nothing is left of a rollout, and another look costs no call."""
    for kind in (kinds.DEPLOYMENT, kinds.SERVICE, kinds.NETWORK_POLICY, kinds.POD_DISRUPTION_BUDGET):
        assert world.cluster.names(kind, "iris") == ["iris"]
    world.cluster.calls.clear()
    await world.settle(3)
    assert world.cluster.calls == []


@MANY
@given(WALKS)
def test_whatever_happens_nobody_gets_a_bad_version_and_a_good_one_arrives(
    steps: list[tuple[Any, ...]],
) -> None:
    async def walk() -> None:
        walking = Walk()
        await walking.begin()
        nobody_gets_a_bad_version(walking.world)
        for step in steps:
            await walking.take(step)

        await walking.world.settle()

        world = walking.world
        if walking.version in GOOD:
            assert (world.reason(), world.template()) == ("Serving", walking.version)
        else:
            assert world.reason() == "RolledBack"
            assert world.rollout()["rejected"]["version"] == walking.version
            assert set(world.serving()) == {world.status()["servingVersion"]} <= set(GOOD)
        await at_rest(world)

    asyncio.run(walk())


@MANY
@given(EVERYTHING)
def test_any_walk_with_other_strategies_and_lost_pods_ends_at_rest(steps: list[tuple[Any, ...]]) -> None:
    async def walk() -> None:
        walking = Walk()
        await walking.begin()
        for step in steps:
            await walking.take(step)

        await walking.world.settle(90)

        world = walking.world
        assert world.reason() in ("Serving", "RolledBack", "ProgressDeadlineExceeded")
        if not walking.is_canary:
            assert world.template() == walking.version
            assert world.rollout() == {}
        await at_rest(world)

    asyncio.run(walk())
