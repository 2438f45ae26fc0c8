"""The keyed queue, on a clock that jumps: nothing lost, nothing twice at once."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_operator.runtime.queue import Queue

from tests.harness import virtual_time
from tests.operator.queues import A, B, C, now, queue


async def idle(waiting: Queue) -> bool:
    """Whether nothing is handed out now."""
    try:
        await asyncio.wait_for(waiting.take(), 0)
    except TimeoutError:
        return True
    return False


def test_the_queue_hands_a_name_out_once_however_often_it_was_added() -> None:
    async def scenario() -> None:
        waiting = queue()
        for _ in range(5):
            waiting.add(A)

        assert await waiting.take() == A
        assert await idle(waiting)

    virtual_time.run(scenario())


def test_the_queue_hands_names_out_in_the_order_in_which_they_came() -> None:
    async def scenario() -> None:
        waiting = queue()
        waiting.add(B)
        waiting.add(A)
        waiting.add(B)

        assert [await waiting.take(), await waiting.take()] == [B, A]

    virtual_time.run(scenario())


def test_the_newest_names_come_first_on_a_takeover() -> None:
    async def scenario() -> None:
        waiting = queue()
        for name in (A, B, C):
            waiting.add(name)
        waiting.add(A)
        waiting.add(B, patience=10.0)  # a routine look is no news

        waiting.newest_first()

        assert [await waiting.take() for _ in range(3)] == [A, C, B]
        assert await idle(waiting)

    virtual_time.run(scenario())


def test_waiting_before_a_takeover_does_not_count() -> None:
    """A standby's line is as old as the standby: its first probe as the writer must not find it stuck."""

    async def scenario() -> None:
        waiting = queue()
        waiting.add(A)
        await asyncio.sleep(3600)

        assert waiting.oldest_age() == 3600
        waiting.newest_first()
        assert waiting.oldest_age() == 0

    virtual_time.run(scenario())


def test_a_name_added_after_the_takeover_order_comes_after_it() -> None:
    async def scenario() -> None:
        waiting = queue()
        waiting.add(A)
        waiting.add(B)
        waiting.newest_first()
        waiting.add(C)
        waiting.add(A)

        assert [await waiting.take() for _ in range(3)] == [B, A, C]

    virtual_time.run(scenario())


def test_the_queue_hands_a_name_out_again_only_when_its_pass_has_ended() -> None:
    async def scenario() -> None:
        waiting = queue()
        waiting.add(A)
        await waiting.take()
        waiting.add(A)
        waiting.add(A)

        assert await idle(waiting)

        waiting.done(A)
        assert await waiting.take() == A
        waiting.done(A)
        assert await idle(waiting)

    virtual_time.run(scenario())


def test_what_happens_while_a_name_rests_is_one_pass_after_it() -> None:
    async def scenario() -> None:
        waiting = Queue(lambda: 0.0, rest=1.0)
        began = now()
        waiting.add(A)
        await waiting.take()
        waiting.done(A)
        waiting.add(A)
        waiting.add(B)

        assert await waiting.take() == B  # who is not at rest does not wait

        waiting.add(A)
        assert await waiting.take() == A
        assert now() - began == 1.0
        waiting.done(A)
        await asyncio.sleep(2.0)
        waiting.add(A)
        assert await waiting.take() == A
        assert now() - began == 3.0  # long rested: at once

    virtual_time.run(scenario())


def test_a_patient_name_lets_others_pass_until_its_patience_ends() -> None:
    async def scenario() -> None:
        waiting = queue()
        waiting.add(A, patience=10)
        await asyncio.sleep(9)
        waiting.add(B)
        await asyncio.sleep(2)
        waiting.add(C)

        assert [await waiting.take() for _ in range(3)] == [B, A, C]

    virtual_time.run(scenario())


def test_patience_ends_when_somebody_asks_for_the_name_now() -> None:
    async def scenario() -> None:
        waiting = queue()
        waiting.add(A, patience=10)
        waiting.add(B)
        waiting.add(A)
        waiting.add(C)
        waiting.add(B, patience=10)

        assert [await waiting.take() for _ in range(3)] == [B, A, C]
        assert await idle(waiting)

    virtual_time.run(scenario())


def test_a_name_added_during_its_pass_keeps_the_least_patience() -> None:
    async def scenario() -> None:
        waiting = queue()
        waiting.add(A)
        await waiting.take()
        waiting.add(A, patience=10)
        waiting.add(A)
        waiting.add(A, patience=10)
        waiting.done(A)
        waiting.add(B)

        assert [await waiting.take() for _ in range(2)] == [A, B]

    virtual_time.run(scenario())


@pytest.mark.parametrize(
    ("waits", "due"), [([5.0], 5.0), ([5.0, 9.0], 5.0), ([9.0, 5.0], 5.0)], ids=["one", "later", "earlier"]
)
def test_the_queue_looks_again_at_the_earliest_moment_asked_for(waits: list[float], due: float) -> None:
    async def scenario() -> None:
        waiting = queue()
        for wait in waits:
            waiting.add_after(A, wait)

        assert await waiting.take() == A
        assert now() == pytest.approx(due)
        waiting.done(A)
        await asyncio.sleep(100)
        assert await idle(waiting)

    virtual_time.run(scenario())


def test_the_queue_forgets_a_later_look_once_somebody_asks_for_one_now() -> None:
    async def scenario() -> None:
        waiting = queue()
        waiting.add_after(A, 60)
        waiting.add(A)

        assert await waiting.take() == A
        waiting.done(A)
        await asyncio.sleep(100)
        assert await idle(waiting)

    virtual_time.run(scenario())


def test_the_queue_has_the_age_of_its_oldest_name() -> None:
    async def scenario() -> None:
        waiting = queue()
        assert waiting.oldest_age() == 0
        waiting.add_after(B, 4)
        waiting.add(A)
        await asyncio.sleep(3)
        assert waiting.oldest_age() == pytest.approx(3)

        await waiting.take()
        await asyncio.sleep(2)
        assert waiting.oldest_age() == pytest.approx(2)

        waiting.done(A)
        assert waiting.oldest_age() == pytest.approx(1)

    virtual_time.run(scenario())


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add_after", "retry"]),
        st.sampled_from("abc"),
        st.floats(0, 20),
        st.floats(0, 3),
    ),
    max_size=30,
)


@given(STEPS)
def test_the_queue_looks_at_every_name_after_it_was_asked_for_and_never_at_one_twice_at_once(
    steps: list[tuple[str, str, float, float]],
) -> None:
    asked_at: dict[tuple[str, str], float] = {}
    started_at: dict[tuple[str, str], float] = {}
    working: Counter[tuple[str, str]] = Counter()

    async def worker(waiting: Queue) -> None:
        while True:
            key = await waiting.take()
            working[key] += 1
            assert working[key] == 1
            started_at[key] = now()
            await asyncio.sleep(1.5)
            working[key] -= 1
            waiting.done(key)

    async def scenario() -> None:
        waiting = queue()
        workers = [asyncio.create_task(worker(waiting)) for _ in range(2)]
        for step, name, wait, pause in steps:
            key = ("iris", name)
            asked_at[key] = now()
            if step == "add":
                waiting.add(key)
            elif step == "add_after":
                waiting.add_after(key, wait)
            else:
                waiting.retry(key)
            await asyncio.sleep(pause)
        await asyncio.sleep(1000)
        for task in workers:
            assert not task.done()
            task.cancel()

    virtual_time.run(scenario())

    assert started_at.keys() == asked_at.keys()
    assert all(started_at[key] >= moment for key, moment in asked_at.items())
