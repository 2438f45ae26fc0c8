"""The keyed queue under load, on a clock that jumps: no storm, and nobody waits for ever."""

import asyncio
import bisect
import itertools
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from iris_operator.observe.store import Key
from iris_operator.runtime.queue import RETURNS_AT_ONCE, RETURNS_PER_SECOND, Queue

from tests.harness import virtual_time
from tests.operator.queues import now


async def work(waiting: Queue, seconds: float, taken: list[tuple[float, Key]], fails: bool = False) -> None:
    """A worker whose passes take a time, and fail or not."""
    while True:
        key = await waiting.take()
        taken.append((now(), key))
        await asyncio.sleep(seconds)
        if fails:
            waiting.retry(key)
        waiting.done(key)


def test_a_thousand_failing_models_come_back_no_faster_than_the_bucket_allows() -> None:
    taken: list[tuple[float, Key]] = []

    async def scenario() -> None:
        waiting = Queue(random.Random(7).random)  # noqa: S311
        for number in range(1000):
            waiting.add(("iris", str(number)))
        workers = [asyncio.create_task(work(waiting, 0.0, taken, fails=True)) for _ in range(8)]
        await asyncio.sleep(60)
        for task in workers:
            task.cancel()

    virtual_time.run(scenario())

    returns = [moment for moment, _ in taken[1000:]]
    assert {key for _, key in taken[1000:]} == {key for _, key in taken[:1000]}
    for first, moment in enumerate(returns):
        within_ten_seconds = bisect.bisect_right(returns, moment + 10) - first
        assert within_ten_seconds <= RETURNS_AT_ONCE + 10 * RETURNS_PER_SECOND + 1


def test_an_event_about_a_model_is_never_held_back_by_the_failures_of_others() -> None:
    async def scenario() -> None:
        waiting = Queue(lambda: 0.0)
        for number in range(1000):
            waiting.retry(("iris", str(number)))
        await asyncio.sleep(0.1)
        while waiting.oldest_age() > 0:
            waiting.done(await waiting.take())
        asked = now()
        waiting.add(("iris", "a"))

        assert await waiting.take() == ("iris", "a")
        assert now() == asked

    virtual_time.run(scenario())


@settings(max_examples=20)
@given(st.lists(st.floats(0, 10), min_size=1, max_size=5), st.floats(0.08, 0.2), st.floats(0, 10))
def test_nobody_starves_however_many_are_wanted_at_once(
    arrivals: list[float], pace: float, patience: float
) -> None:
    """One worker and urgent names without end: a patient one waits for those that came before its patience
    ended, and for no other."""
    taken: list[tuple[float, Key]] = []
    seconds = 0.1

    async def urgent(waiting: Queue) -> None:
        for number in itertools.count():
            waiting.add(("urgent", str(number)))
            await asyncio.sleep(pace)

    async def scenario() -> None:
        waiting = Queue(lambda: 0.0)
        running = [asyncio.create_task(urgent(waiting)), asyncio.create_task(work(waiting, seconds, taken))]
        for number, arrival in enumerate(sorted(arrivals)):
            await asyncio.sleep(arrival - now())
            waiting.add(("patient", str(number)), patience)
        await asyncio.sleep(40)
        for task in running:
            task.cancel()

    virtual_time.run(scenario())

    found = {name: moment for moment, (group, name) in taken if group == "patient"}
    for number, arrival in enumerate(sorted(arrivals)):
        came_before = (arrival + patience) / pace + 1 + len(arrivals)
        assert found[str(number)] <= came_before * max(seconds, pace)
