"""The keyed queue after failures, on a clock that jumps: longer waits, no storm."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_operator.runtime.queue import FIRST_WAIT, LONGEST_WAIT, Queue

from tests.harness import virtual_time
from tests.operator.queues import A, B, now, queue


async def failed(waiting: Queue) -> float:
    """A pass fails, and its wait is over."""
    wait = waiting.retry(A)
    await asyncio.sleep(wait)
    return wait


def test_a_failure_before_its_wait_is_over_does_not_double_it() -> None:
    """Each event of a pod is a pass: twenty of them in a second once made the wait four minutes."""

    async def scenario() -> None:
        waiting = queue(jitter=0.999_999)
        for _ in range(8):
            await failed(waiting)
        wait = waiting.retry(A)
        for _ in range(5):
            waiting.add(A)
            assert await waiting.take() == A
            waiting.done(A)
            await asyncio.sleep(wait / 10)
            assert waiting.retry(A) < wait
        assert await waiting.take() == A
        waiting.done(A)

        assert waiting.retry(A) == pytest.approx(2 * wait)

    virtual_time.run(scenario())


def test_the_queue_waits_twice_as_long_after_each_failure_up_to_five_minutes() -> None:
    async def scenario() -> list[float]:
        waiting = queue(jitter=0.999_999)
        return [await failed(waiting) for _ in range(24)]

    waits = virtual_time.run(scenario())

    expected = [min(FIRST_WAIT * 2**failures, LONGEST_WAIT) for failures in range(24)]
    assert waits == pytest.approx(expected, rel=1e-5)
    assert waits[-1] <= 300


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 1000))
def test_the_queue_jitters_between_half_and_all_of_the_wait(jitter: float, failures: int) -> None:
    async def scenario() -> float:
        waiting = queue(jitter)
        waits = [await failed(waiting) for _ in range(failures % 40 + 1)]
        return waits[-1]

    longest = min(FIRST_WAIT * 2.0 ** (failures % 40), LONGEST_WAIT)
    assert longest / 2 <= virtual_time.run(scenario()) <= longest


def test_the_queue_waits_as_long_as_the_api_server_asks() -> None:
    async def scenario() -> None:
        waiting = queue()

        assert waiting.retry(A, at_least=30) == 30
        assert await waiting.take() == A
        assert now() == pytest.approx(30)

    virtual_time.run(scenario())


def test_the_queue_starts_from_the_shortest_wait_after_a_pass_that_went_well() -> None:
    async def scenario() -> None:
        waiting = queue()
        for _ in range(10):
            waiting.retry(A)
        waiting.forget(A)

        assert waiting.retry(A) == pytest.approx(FIRST_WAIT / 2)

    virtual_time.run(scenario())


def test_one_model_fails_without_making_another_wait() -> None:
    async def scenario() -> None:
        waiting = queue()
        for _ in range(10):
            waiting.retry(A)

        assert waiting.retry(B) == pytest.approx(FIRST_WAIT / 2)

    virtual_time.run(scenario())
