"""The leader is killed with -9 again and again while people change their minds; the end has to be theirs."""

import asyncio
import logging
import random
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.faults import namespaces, oracles, scenarios
from tests.faults.pair import Pair, two_writers
from tests.harness.kubernetes import Cluster, eventually

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

logger = logging.getLogger(__name__)

NAMES: Final = ("iris", "late", "rose")
_LONGEST_LIFE: Final = 4.0
_LONGEST_THOUGHT: Final = 2.0
_DELETES: Final = 0.15


async def run(api_server: "ApiServer", folder: Path, *, seed: int, seconds: float) -> list[str]:
    """What was wrong in the end, or on the way."""
    chance = random.Random(seed)  # noqa: S311
    async with Pair(api_server, folder) as pair:
        until = asyncio.get_running_loop().time() + seconds
        killed, _ = await asyncio.gather(_kill(pair, chance, until), _change(pair.cluster, chance, until))
        logger.info("%d leaders killed", killed)
        last = {name: _spec(chance) for name in NAMES}
        await _declare(pair.cluster, last)
        wrong = [f"in {seconds:.0f} s found no leader to kill"] if not killed else []
        wrong += await _compare(pair, last)
        await _all_gone(pair.cluster)
        wrong += two_writers(pair.replicas)
        for replica in pair.replicas:
            wrong += [f"wrote what is not ours: {write}" for write in oracles.strays(replica.wrote(), NAMES)]
            wrong += oracles.complaints(replica.lives.whole_log(), "kill-loop")
    return wrong


async def _kill(pair: Pair, chance: random.Random, until: float) -> int:
    """Each leader lives for a moment: long enough to begin something."""
    killed, last = 0, ""
    while asyncio.get_running_loop().time() < until:
        leader = await pair.leader(after=last, within=scenarios.PATIENCE)
        await asyncio.sleep(chance.uniform(0, _LONGEST_LIFE))
        logger.info("killing %s", leader.identity)
        leader.replica.lives.kill()
        killed, last = killed + 1, leader.identity
    await pair.leader(after=last, within=scenarios.PATIENCE)
    return killed


async def _change(cluster: Cluster, chance: random.Random, until: float) -> None:
    while asyncio.get_running_loop().time() < until:
        name = chance.choice(NAMES)
        if chance.random() < _DELETES and await cluster.find("IrisModel", name):
            await cluster.delete("IrisModel", name)
        else:
            await _declare(cluster, {name: _spec(chance)})
        await asyncio.sleep(chance.uniform(0, _LONGEST_THOUGHT))


async def _compare(pair: Pair, last: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """As if nothing else had ever been: every model is declared anew, and nothing may differ."""
    found = await _settled(pair, last)
    await _all_gone(pair.cluster)
    await _declare(pair.cluster, last)
    return oracles.differences(await _settled(pair, last), found)


async def _settled(pair: Pair, last: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    for name in last:
        await scenarios.User(pair.cluster).reaches("Serving", name)
    await namespaces.rest([(replica.lives, replica.proxy) for replica in pair.replicas])
    return oracles.normalise(await namespaces.observe(pair.cluster))


async def _all_gone(cluster: Cluster) -> None:
    for model in await cluster.list("IrisModel"):
        await cluster.delete("IrisModel", model["metadata"]["name"])
    await eventually(
        lambda: namespaces.leftovers(cluster), lambda found: not found, within=scenarios.PATIENCE
    )


def _spec(chance: random.Random) -> dict[str, Any]:
    """Something that can serve."""
    return {
        "version": chance.choice(("1.0.0", "1.1.0", "1.2.0")),
        "replicas": chance.randint(1, 3),
        "routed": chance.random() < 0.5,
        "monitoring": {"dashboard": {"enabled": chance.random() < 0.5}},
        "networkPolicy": {"enabled": chance.random() < 0.5},
    }


async def _declare(cluster: Cluster, models: Mapping[str, Mapping[str, Any]]) -> None:
    for name, declared in models.items():
        route = {"host": f"{name}.{cluster.namespace}.test"} if declared["routed"] else None
        rest = {field: value for field, value in declared.items() if field != "routed"}
        await scenarios.User(cluster).declare(name=name, route=route, **rest)
