"""A hung API server and two replicas: never two that write. Seen by the proxies in between."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults import oracles, scenarios
from tests.faults.pair import Pair, Replica, two_writers
from tests.faults.scenarios import User
from tests.harness import gateway
from tests.harness.kubernetes import Manifest, eventually
from tests.harness.proxy import Written
from tests.harness.proxy_targets import Call

if TYPE_CHECKING:
    from iris_local_cluster.api_server import ApiServer

pytestmark = pytest.mark.cluster


def everything(_: Call) -> bool:
    return True


def lease_renewals(call: Call) -> bool:
    return call.plural == "leases"


async def restless(user: User) -> None:
    """There is always something to write, so that whoever may write does."""
    while True:
        for replicas in (3, 2):
            await user.declare(replicas=replicas)
            await asyncio.sleep(0.3)


async def wrote(replica: Replica) -> bool:
    return bool(replica.wrote())


async def ended(replica: Replica) -> bool:
    return replica.lives.ends > 0


@pytest.mark.parametrize("hung", [everything, lease_renewals], ids=["everything", "only lease renewals"])
async def test_a_leader_without_answers_ends_before_the_other_writes(
    api_server: "ApiServer", tmp_path: Path, hung: Callable[[Call], bool]
) -> None:
    async with Pair(api_server, tmp_path) as pair:
        first = (await pair.leader()).replica
        second = next(replica for replica in pair.replicas if replica is not first)
        user = User(pair.cluster)
        await user.serves()
        editing = asyncio.create_task(restless(user))

        first.proxy.hung = hung
        await eventually(lambda: ended(first), bool, within=scenarios.PATIENCE)
        await eventually(lambda: wrote(second), bool, within=scenarios.PATIENCE)
        first.proxy.hung = lambda _: False
        await eventually(first.lives.ready, bool, within=scenarios.PATIENCE)  # comes back, and only watches
        editing.cancel()
        await user.serves(replicas=2)

        assert two_writers(pair.replicas) == []
        assert first.lives.ended_at[0] < second.wrote()[0].at
        assert [write for write in first.wrote() if write.at > first.lives.ended_at[0]] == []
        assert "was not renewed in time: exiting at once" in first.lives.whole_log()


async def test_a_killed_replica_can_lead_again_when_the_other_cannot(
    api_server: "ApiServer", tmp_path: Path
) -> None:
    """On a busy machine the other one was still starting, and whoever waited for it waited for ever."""
    async with Pair(api_server, tmp_path) as pair:
        first = await pair.leader()
        for other in pair.replicas:
            if other is not first.replica:
                other.proxy.hung = lease_renewals

        first.replica.lives.kill()
        again = await pair.leader(after=first.identity, within=scenarios.PATIENCE)

        assert again.replica is first.replica


async def test_a_rollout_by_steps_goes_on_with_the_next_leader_at_each_step(
    api_server: "ApiServer", http_routes: Manifest, tmp_path: Path
) -> None:
    await gateway.install(api_server.kubeconfig, http_routes)
    async with Pair(api_server, tmp_path) as pair:
        user, leader = User(pair.cluster), await pair.leader()

        async with scenarios.stepping(user, 20, 50) as played:
            await scenarios.steps(user, "1.1.0", 20, 50)
            for percent in (20, 50):
                await scenarios.has_share(user, played, percent)
                leader.replica.lives.kill()
                leader = await pair.leader(after=leader.identity, within=scenarios.PATIENCE)
            await user.reaches("Serving")

        written = sorted((write for replica in pair.replicas for write in replica.wrote()), key=_asked_at)
        model = await pair.cluster.get("IrisModel", "iris")
        assert (played.percents, played.failed) == ([0, 20, 50, 0], {})
        assert oracles.lives(written)["created deployments/iris-canary"] == 1
        assert oracles.unproven_weights(written, pair.answers.proven) == []
        assert [entry["version"] for entry in model["status"]["history"]] == ["1.1.0", "1.0.0"]
        assert two_writers(pair.replicas) == []


def _asked_at(write: Written) -> float:
    return write.asked_at
