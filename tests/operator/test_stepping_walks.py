"""Rollouts by steps in any order of commits, pauses, suspensions and faults: what must hold at every tick."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.operator.stepping_world import SteppingWorld

GOOD = ("1.0.0", "1.1.0", "1.2.0")
BAD = "6.6.6"
ACTIONS = st.one_of(
    st.tuples(st.just("commit"), st.sampled_from((*GOOD, BAD))),
    st.tuples(st.just("tick"), st.integers(1, 60)),
    st.tuples(st.just("pause"), st.booleans()),
    st.tuples(st.just("strategy"), st.sampled_from(("Canary", "Immediate"))),
    st.tuples(st.just("skip"), st.sampled_from((*GOOD, BAD))),
    st.tuples(st.just("steps"), st.sampled_from(((5, 20, 50), (50,), ()))),
    st.tuples(st.just("suspend"), st.integers(1, 200)),
    st.tuples(st.just("unread"), st.integers(1, 30)),
    st.tuples(st.just("unaccepted"), st.integers(1, 30)),
    st.tuples(st.just("down"), st.integers(1, 10)),
    st.tuples(st.just("restart"), st.none()),
)
WALKS = st.lists(ACTIONS, min_size=2, max_size=16)


class Walk:
    """Takes one action after the other; the world checks every tick."""

    def __init__(self) -> None:
        self.world = SteppingWorld()
        self.world.failing[BAD] = 0.3
        self.version = "1.0.0"
        self.policy: dict[str, Any] = {}

    def take(self, name: str, argument: Any) -> None:
        if name == "commit":
            self.version = argument
        elif name in ("pause", "strategy", "skip", "steps"):
            self.policy[name] = argument
        self.world.declare(self.version, **self.policy)
        if name == "tick":
            self.world.run(argument)
        elif name == "suspend":
            self.world.suspend(argument)
        elif name in ("unread", "unaccepted", "down"):
            self._for_a_while(name, argument)
        elif name == "restart" and self.world.candidate is not None:
            self.world.candidate.life += 1
            self.world.candidate.counted = type(self.world.candidate.counted)()
        self.world.tick()

    def _for_a_while(self, fault: str, ticks: int) -> None:
        world, candidate = self.world, self.world.candidate
        if fault == "unread":
            world.failure = "pod canary-0: /metrics: timeout"
        elif fault == "unaccepted":
            world.is_accepted = False
        elif candidate is not None:
            candidate.is_down = True
        world.run(ticks)
        world.failure, world.is_accepted = "", True
        if candidate is not None:
            candidate.is_down = False


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(WALKS)
def test_whatever_happens_requests_reach_only_proven_pods_and_a_good_version_arrives(
    actions: list[tuple[str, Any]],
) -> None:
    walk = Walk()
    for action in actions:
        walk.take(*action)

    world = walk.world
    world.declare(walk.version, gates=world.policy.gates.__class__(801), steps=(5, 20, 50))
    world.run(400)

    assert (world.routed, world.candidate) == (0, None)
    if walk.version in GOOD:
        assert world.stable.version == walk.version
        assert world.status.get("state") in (None, "Promoted")
    elif world.stable.version != BAD:
        assert world.status["state"] == "RolledBack"
