"""Two electors, one lease: never two leaders, whatever the API server does in between."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from iris_api import kinds
from iris_operator import errors
from iris_operator.runtime import lease
from iris_operator.runtime.lease import Elector, LeaseLost

from tests.fakes.cluster import Call, FakeCluster
from tests.harness import virtual_time

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


def now() -> float:
    return asyncio.get_running_loop().time()


def elector(cluster: FakeCluster, name: str) -> Elector:
    return Elector(
        cluster, "iris-system", name, clock=now, now=lambda: START + timedelta(seconds=round(now(), 3))
    )


def holder(cluster: FakeCluster) -> str:
    found = cluster.find(kinds.LEASE, "iris-system", lease.NAME)
    assert found is not None
    return str(found["spec"]["holderIdentity"])


def failing(kind_of_failure: str) -> Callable[[Call], Awaitable[None]]:
    async def fail(_: Call) -> None:
        if kind_of_failure == "hang":
            await asyncio.sleep(3600)
        raise errors.ClusterError(0, "no answer")

    return fail


async def no_fault(_: Call) -> None:
    return None


def test_the_first_takes_the_lease_at_once_and_the_second_waits() -> None:
    async def scenario() -> None:
        cluster = FakeCluster()
        await elector(cluster, "a").acquire()
        assert now() == 0
        assert holder(cluster) == "a"

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(elector(cluster, "b").acquire(), 9.9)

    virtual_time.run(scenario())


def test_the_elector_writes_the_record_that_people_read() -> None:
    async def scenario() -> None:
        cluster = FakeCluster()
        await elector(cluster, "a").acquire()

        found = cluster.find(kinds.LEASE, "iris-system", "iris-operator")
        assert found is not None
        assert found["spec"] == {
            "holderIdentity": "a",
            "leaseDurationSeconds": 10,
            "acquireTime": "2026-11-23T12:00:00.000000Z",
            "renewTime": "2026-11-23T12:00:00.000000Z",
            "leaseTransitions": 0,
        }

    virtual_time.run(scenario())


def test_another_takes_over_ten_seconds_after_the_last_renewal_that_it_saw() -> None:
    async def scenario() -> None:
        cluster = FakeCluster()
        await elector(cluster, "a").acquire()

        await elector(cluster, "b").acquire()

        assert lease.DURATION_SECONDS <= now() <= lease.DURATION_SECONDS + lease.LOOK_SECONDS
        found = cluster.find(kinds.LEASE, "iris-system", lease.NAME)
        assert found is not None
        assert (found["spec"]["holderIdentity"], found["spec"]["leaseTransitions"]) == ("b", 1)

    virtual_time.run(scenario())


def test_the_elector_trusts_no_clock_but_its_own() -> None:
    """A renewTime far in the past is no reason to take over: the other's clock may be wrong."""

    async def scenario() -> None:
        cluster = FakeCluster()
        spec = {"holderIdentity": "a", "renewTime": "1999-01-01T00:00:00.000000Z", "leaseDurationSeconds": 10}
        metadata = {"name": lease.NAME, "namespace": "iris-system"}
        cluster.put(kinds.LEASE, {"metadata": metadata, "spec": spec})

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(elector(cluster, "b").acquire(), 9.9)

    virtual_time.run(scenario())


def test_the_elector_keeps_the_lease_while_it_renews() -> None:
    async def scenario() -> None:
        cluster = FakeCluster()
        first, second = elector(cluster, "a"), elector(cluster, "b")
        await first.acquire()
        keeping = asyncio.create_task(first.keep())

        with pytest.raises(TimeoutError):
            await asyncio.wait_for(second.acquire(), 3600)

        assert not keeping.done()
        keeping.cancel()

    virtual_time.run(scenario())


def test_the_elector_hands_over_at_the_next_poll_when_it_is_stopped() -> None:
    async def scenario() -> None:
        cluster = FakeCluster()
        first, second = elector(cluster, "a"), elector(cluster, "b")
        await first.acquire()
        taking = asyncio.create_task(second.acquire())
        await asyncio.sleep(5)

        await first.release()
        await taking

        assert now() <= 5 + lease.LOOK_SECONDS
        assert holder(cluster) == "b"

    virtual_time.run(scenario())


def test_the_elector_releases_nothing_that_is_not_its_own() -> None:
    async def scenario() -> None:
        cluster = FakeCluster()
        await elector(cluster, "a").acquire()
        cluster.calls.clear()

        await elector(cluster, "b").release()

        assert cluster.calls == []

    virtual_time.run(scenario())


@pytest.mark.parametrize("fault", ["hang", "refuse"])
def test_the_elector_gives_up_within_seven_seconds_of_its_last_renewal(fault: str) -> None:
    async def scenario() -> None:
        cluster = FakeCluster()
        first = elector(cluster, "a")
        await first.acquire()
        cluster.before = failing(fault)

        with pytest.raises(LeaseLost):
            await first.keep()

        assert now() <= lease.RENEW_WITHIN_SECONDS

    virtual_time.run(scenario())


def test_the_elector_counts_the_seven_seconds_from_when_it_asked_not_from_when_it_was_answered() -> None:
    """The write stood at 0 s, its answer came 3.9 s later: to others the lease ends at 10 s all the same."""

    async def scenario() -> None:
        cluster = FakeCluster()
        first = elector(cluster, "a")

        async def slow(call: Call) -> None:
            if call.verb == "create":
                await asyncio.sleep(3.9)

        cluster.after = slow
        await first.acquire()
        cluster.before = failing("hang")

        with pytest.raises(LeaseLost):
            await first.keep()

        assert now() <= lease.RENEW_WITHIN_SECONDS

    virtual_time.run(scenario())


def test_the_elector_survives_a_renewal_whose_answer_was_lost() -> None:
    async def scenario() -> None:
        cluster = FakeCluster()
        first = elector(cluster, "a")
        await first.acquire()
        cluster.after = failing("refuse")
        keeping = asyncio.create_task(first.keep())
        await asyncio.sleep(3)

        cluster.after = no_fault
        await asyncio.sleep(60)

        assert not keeping.done()
        keeping.cancel()

    virtual_time.run(scenario())


def test_the_elector_gives_up_at_once_when_another_has_the_lease() -> None:
    async def scenario() -> None:
        cluster = FakeCluster()
        first = elector(cluster, "a")
        await first.acquire()
        found = cluster.find(kinds.LEASE, "iris-system", lease.NAME)
        assert found is not None
        cluster.put(kinds.LEASE, {**found, "spec": {**found["spec"], "holderIdentity": "b"}})

        with pytest.raises(LeaseLost):
            await first.keep()

        assert now() == lease.RETRY_SECONDS

    virtual_time.run(scenario())


class Pair:
    """Two replicas of one operator, restarted for ever, and who of them writes."""

    def __init__(self, seed: int) -> None:
        self.cluster = FakeCluster()
        self.cluster.before = self.cluster.after = self._trouble
        self.reigns: list[str] = []
        self._chance = random.Random(seed)  # noqa: S311
        self._leading: set[str] = set()

    async def replica(self, name: str) -> None:
        while True:
            await asyncio.sleep(self._chance.uniform(0, 5))
            mine = elector(self.cluster, f"{name} {now()}")
            await mine.acquire()
            assert not self._leading, f"{name} leads beside {self._leading}"
            self._leading.add(name)
            self.reigns.append(name)
            await self._reign(name, mine)

    async def _reign(self, name: str, mine: Elector) -> None:
        try:
            async with asyncio.timeout(self._chance.uniform(1, 60)):
                await mine.keep()
        except LeaseLost:
            self._leading.discard(name)  # the process ends without a word
        except TimeoutError:  # SIGTERM: the workers end first, for the other may write while we release
            self._leading.discard(name)
            await mine.release()

    async def _trouble(self, _: Call) -> None:
        luck = self._chance.random()
        if luck < 0.25:
            await asyncio.sleep(self._chance.uniform(0, 12))
        if 0.15 < luck < 0.45:
            raise errors.ClusterError(self._chance.choice([0, 429, 500]), "trouble")


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_two_replicas_never_lead_under_any_order_of_hung_and_failing_calls(seed: int) -> None:
    pair = Pair(seed)

    async def scenario() -> None:
        replicas = [asyncio.create_task(pair.replica(name)) for name in "ab"]
        done, _ = await asyncio.wait(replicas, timeout=900)
        for task in done:
            task.result()
        for task in replicas:
            task.cancel()

    virtual_time.run(scenario())

    assert pair.reigns
