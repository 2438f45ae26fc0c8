"""The operator of another release and this one take turns in the middle of a rollout by steps."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.faults import namespaces, oracles, scenarios
from tests.faults.lane import Lane
from tests.faults.scenarios import User
from tests.harness.kubernetes import eventually

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

logger = logging.getLogger(__name__)

_SHARES: Final = (20, 50)


async def run(api_server: "ApiServer", folder: Path, *, other: Path) -> list[str]:
    """What was wrong; `other` is the folder `operator` of that release. Each of the two begins once."""
    wrong = []
    for others_begin in (True, False):
        async with Lane(api_server, folder, namespaces.name()) as lane:
            try:
                found = await _taking_turns(lane, other, others_begin=others_begin)
            except AssertionError as error:
                found = [f"{error}\n{lane.operator.whole_log()[-3000:]}"]
        wrong += [f"{'the other' if others_begin else 'this'} release begins: {line}" for line in found]
    return wrong


async def _taking_turns(lane: Lane, other: Path, *, others_begin: bool) -> list[str]:
    user = User(lane.cluster)
    await lane.clean()
    await _exchange(lane, other if others_begin else None)
    record = lane.proxy.begin(None)
    async with scenarios.stepping(user, *_SHARES) as played:
        await scenarios.steps(user, "1.1.0", *_SHARES)
        for number, percent in enumerate(_SHARES, 1):
            await scenarios.has_share(user, played, percent)
            await _exchange(lane, other if (number % 2 == 0) == others_begin else None)
        await user.reaches("Serving")
    await namespaces.rest([(lane.operator, lane.proxy)])
    model = await lane.cluster.get("IrisModel", "iris")
    found = {
        "shares": played.percents,
        "failed requests": sum(played.failed.values()),
        "candidates": oracles.lives(record.written)["created deployments/iris-canary"],
        "history": [entry["version"] for entry in model["status"]["history"]],
    }
    expected = {
        "shares": [0, *_SHARES, 0],
        "failed requests": 0,
        "candidates": 1,
        "history": ["1.1.0", "1.0.0"],
    }
    wrong = oracles.differences(expected, found)
    wrong += oracles.unproven_weights(record.written, lane.answers.proven)
    return wrong + oracles.complaints(lane.operator.whole_log(), "exchange")


async def _exchange(lane: Lane, release: Path | None) -> None:
    """Kill the operator, and let that of a release take over; None: this one."""
    lane.operator.environment["PYTHONPATH"] = str(release) if release else ""
    before = lane.operator.ends
    lane.operator.kill()
    await eventually(lane.lives_ended, lambda ended: ended > before)
    await eventually(lane.operator.ready, bool, within=scenarios.PATIENCE)
    logger.info("%s leads", release or "this release")
