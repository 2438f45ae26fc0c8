"""Learns each scenario, then runs plans over several lanes and judges each.

A plan whose target does not come up (a status write more or less) runs again, at last alone, and then
counted apart.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.faults import namespaces, oracles, plans, scenarios
from tests.faults.lane import Lane
from tests.faults.plans import Plan
from tests.faults.scenarios import User
from tests.harness.kubernetes import eventually
from tests.harness.proxy import OUTAGES
from tests.harness.proxy_targets import Seen

if TYPE_CHECKING:
    from types import TracebackType

    from iris_local_cluster.api_server import ApiServer

logger = logging.getLogger(__name__)

_ENDS_WITHIN: Final = 240.0
_MEMORY: Final = 200  # MiB, after however many plans in one life
_LEARNINGS: Final = 2
_FIRST: Final = scenarios.create.__name__  # how every scenario begins
_TRIES: Final = 3
_RETRIED_WITHIN: Final = 60.0
_LOOK_SECONDS: Final = 0.25
_SETTLED_SECONDS: Final = 0.4


@dataclass(frozen=True, slots=True)
class Learned:
    """How a scenario went without faults."""

    traces: list[list[Seen]]
    state: dict[str, Any]
    lives: Counter[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wrong` is empty for a plan that passed."""

    plan: Plan
    reached: bool
    seconds: float
    wrong: tuple[str, ...] = ()


class Suite:
    """Use as an async context manager."""

    def __init__(self, api_server: "ApiServer", folder: Path, lanes: int) -> None:
        self._lanes = [Lane(api_server, folder, namespaces.name()) for _ in range(lanes)]
        self._free: asyncio.Queue[Lane] = asyncio.Queue()
        self._stack = AsyncExitStack()
        self.learned: dict[str, Learned] = {}

    async def __aenter__(self) -> "Suite":
        async with AsyncExitStack() as entered:  # what was entered is left again when the next one fails
            for lane in self._lanes:
                self._free.put_nowait(await entered.enter_async_context(lane))
            self._stack = entered.pop_all()
        return self

    async def __aexit__(
        self, kind: "type[BaseException] | None", error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        await self._stack.aclose()

    async def learn(self, names: Iterable[str]) -> list[Plan]:
        """Run each scenario without a fault; returns every plan that follows from what was seen."""
        wanted = [name for name in names for _ in range(_LEARNINGS)]
        learned = await asyncio.gather(*(self._learn(name) for name in wanted))
        for name in dict.fromkeys(wanted):
            runs = [run for scenario, run in zip(wanted, learned, strict=True) if scenario == name]
            wrong = oracles.differences(runs[0].state, runs[1].state)
            wrong += _lives(runs[0].lives, runs[1].lives)
            if wrong:
                raise AssertionError(f"scenario {name} ends differently without any fault: {wrong}")
            self.learned[name] = Learned([run.traces[0] for run in runs], runs[0].state, runs[0].lives)
        beginning = (
            {seen for trace in self.learned[_FIRST].traces for seen in trace}
            if _FIRST in self.learned
            else ()
        )
        return [
            plan
            for name, learned in self.learned.items()
            for plan in plans.of_scenario(name, learned.traces, () if name == _FIRST else beginning)
        ]

    async def run(self, wanted: Sequence[Plan]) -> list[Verdict]:
        alone = [plan for plan in wanted if plan.mode in plans.ALONE]
        together = await asyncio.gather(*(self._judged(plan) for plan in wanted if plan not in alone))
        # How often a status or a pod tells of itself depends on what runs beside.
        alone += [verdict.plan for verdict in together if not verdict.reached and not verdict.wrong]
        done = [verdict for verdict in together if verdict.plan not in alone]
        return [*done, *[await self._judged(plan) for plan in alone]]

    async def _learn(self, name: str) -> Learned:
        lane = await self._free.get()
        try:
            await lane.clean()
            record = lane.proxy.begin(None)
            await scenarios.SCENARIOS[name](User(lane.cluster))
            await namespaces.rest([(lane.operator, lane.proxy)])
            state = oracles.normalise(await namespaces.observe(lane.cluster))
            return Learned([list(record.trace)], state, oracles.lives(record.written))
        except AssertionError as error:
            raise AssertionError(f"scenario {name} without any fault: {error}\n{_tail(lane)}") from error
        finally:
            self._free.put_nowait(lane)

    async def _judged(self, plan: Plan) -> Verdict:
        for _ in range(_TRIES):
            lane = await self._free.get()
            try:
                verdict = await self._once(lane, plan)
            finally:
                self._free.put_nowait(lane)
            if verdict.reached or verdict.wrong:
                break
        state = "FAILED" if verdict.wrong else "passed" if verdict.reached else "not reached"
        logger.info("%s %s (%.1f s)", state, plan.name, verdict.seconds)
        for line in verdict.wrong:
            logger.warning("    %s", line)
        return verdict

    async def _once(self, lane: Lane, plan: Plan) -> Verdict:
        started = time.monotonic()
        wrong: list[str] = []
        try:
            await lane.clean()
            await _settled(lane)
            log_start, ends = len(lane.operator.whole_log()), lane.operator.ends
            record = lane.proxy.begin(plan.fault)
            user = User(lane.cluster, scenarios.PATIENCE + OUTAGES.get(plan.mode, 0.0))
            await scenarios.SCENARIOS[plan.scenario](user)
            lane.proxy.disarm()
            least = ends + _ends(plan, record.fired)
            await eventually(lane.lives_ended, lambda ended: ended >= least, within=_ENDS_WITHIN)
            await namespaces.rest([(lane.operator, lane.proxy)])
            learned = self.learned[plan.scenario]
            if plan.refuses_child:  # one that serving does not need is tried again without any event
                await eventually(
                    lambda: _differences(lane, learned.state), lambda wrong: not wrong, within=_RETRIED_WITHIN
                )
            wrong += await _differences(lane, learned.state)
            wrong += _lives(learned.lives, oracles.lives(record.written))
            wrong += oracles.unproven(record.written, user.declared, lane.answers.proven)
            wrong += oracles.unproven_weights(record.written, lane.answers.proven)
            if record.fired and plan.refuses_child:
                wrong += oracles.unexplained(record.written, plan.target.signature)
            wrong += [f"wrote what is not ours: {write}" for write in oracles.strays(record.written)]
            wrong += [f"touched {name} of somebody else" for name in await lane.touched()]
            wrong += oracles.complaints(lane.operator.whole_log()[log_start:], plan.mode)
            wrong += _too_much(lane.operator.memory())
            if lane.operator.ends - ends > _ends(plan, record.fired):
                wrong.append(f"the operator ended by itself:\n{lane.operator.whole_log()[log_start:]}")
            return Verdict(plan, record.fired, time.monotonic() - started, tuple(wrong))
        except AssertionError as error:  # not reached in time: a verdict like any other
            return Verdict(
                plan, lane.proxy.record.fired, time.monotonic() - started, (f"{error}\n{_tail(lane)}",)
            )


def _ends(plan: Plan, fired: bool) -> int:
    """How often the operator may end."""
    return int(fired and plan.ending)


def _too_much(memory: float) -> list[str]:
    return [f"memory: found {memory:.0f} MiB, expected at most {_MEMORY}"] if memory > _MEMORY else []


def _tail(lane: Lane) -> str:
    return "\n".join(lane.operator.whole_log().splitlines()[-15:])


def _lives(expected: Mapping[str, int], found: Mapping[str, int]) -> list[str]:
    return [
        f"{name}: found {found.get(name, 0)} times, expected {expected.get(name, 0)}"
        for name in sorted({*expected, *found})
        if expected.get(name, 0) != found.get(name, 0)
    ]


async def _differences(lane: Lane, expected: Mapping[str, Any]) -> list[str]:
    return oracles.differences(expected, oracles.normalise(await namespaces.observe(lane.cluster)))


async def _settled(lane: Lane) -> None:
    """Events about the last plan's objects must not be counted among this one's."""
    clock = asyncio.get_running_loop().time
    while clock() - lane.proxy.record.last_at < _SETTLED_SECONDS:  # noqa: ASYNC110 - by what passes
        await asyncio.sleep(_LOOK_SECONDS)
