"""A pass ends well, waits, is refused or has a bug: what becomes of the name."""

import asyncio
import itertools

import pytest
from iris_operator import errors
from iris_operator.observe.store import Key
from iris_operator.runtime import workers
from iris_operator.runtime.queue import Queue

from tests.harness import virtual_time

IRIS, ROSES = ("iris", "iris"), ("iris", "roses")


def passes(outcomes: list[float | Exception | None], seconds: float = 1000.0) -> list[float]:
    """The moments at which one name is worked on, when its passes end like this and then well."""
    moments: list[float] = []
    remaining = list(outcomes)

    async def reconcile(_: Key) -> float | None:
        moments.append(round(asyncio.get_running_loop().time(), 6))
        outcome = remaining.pop(0) if remaining else None
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def scenario() -> None:
        queue = Queue(lambda: 0.0)
        queue.add(IRIS)
        working = asyncio.create_task(workers.work(queue, reconcile))
        await asyncio.sleep(seconds)
        assert not working.done()
        assert queue.oldest_age() == 0
        working.cancel()

    virtual_time.run(scenario())
    return moments


@pytest.mark.parametrize(
    ("outcomes", "moments"),
    [
        ([None], [0]),
        ([30.0], [0, 30]),
        ([errors.Waiting(1.0, "being deleted")], [0, 1]),
        ([errors.ClusterError(500, "trouble")], [0, 0.0025]),
        ([errors.ClusterError(500, "a"), errors.ClusterError(500, "b")], [0, 0.0025, 0.0075]),
        ([errors.ClusterError(429, "too many", retry_after=7)], [0, 7]),
        ([KeyError("a bug of ours")], [0, 0.0025]),
        (
            [errors.ClusterError(500, "a"), errors.ClusterError(500, "b"), 10.0, errors.ClusterError(0, "c")],
            [0, 0.0025, 0.0075, 10.0075, 10.01],
        ),
    ],
    ids=[
        "well",
        "well, look again",
        "waiting",
        "refused",
        "refused twice",
        "refused, with a time",
        "a bug",
        "well again: the waits start anew",
    ],
)
def test_a_worker_looks_again_when_the_outcome_says_so(
    outcomes: list[float | Exception | None], moments: list[float]
) -> None:
    assert passes(outcomes) == moments


@pytest.mark.parametrize(("code", "longest"), [(0, 10.0), (403, 30.0)], ids=["no answer", "refused"])
def test_a_worker_comes_back_soon_after_an_outage_however_long_it_was(code: int, longest: float) -> None:
    """After five minutes without an API server a model waited up to five minutes more."""
    moments = passes([errors.ClusterError(code, "trouble") for _ in range(30)], seconds=4000.0)

    waits = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert max(waits) == pytest.approx(longest / 2)  # without jitter


def test_a_refused_child_is_tried_again_and_what_else_is_due_is_not_forgotten() -> None:
    refused = errors.Incomplete(errors.ClusterError(403, "quota", retry_after=20), again=2.0)

    assert passes([refused, refused]) == [0, 2, 4]


def test_a_child_that_is_going_is_waited_for() -> None:
    assert passes([errors.Incomplete(errors.Waiting(1.0, "being deleted"), again=None)]) == [0, 1]


def test_a_bug_in_one_model_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    worked: list[Key] = []

    async def reconcile(key: Key) -> float | None:
        worked.append(key)
        if key == IRIS:
            raise ZeroDivisionError("a bug of ours")
        return None

    async def scenario() -> None:
        queue = Queue(lambda: 0.0)
        queue.add(IRIS)
        queue.add(ROSES)
        working = asyncio.create_task(workers.work(queue, reconcile))
        await asyncio.sleep(0.001)
        working.cancel()

    virtual_time.run(scenario())

    assert worked == [IRIS, ROSES]
    assert "a bug of ours" in caplog.text


def test_a_name_is_free_again_after_its_worker_was_cancelled() -> None:
    async def never(_: Key) -> float | None:
        await asyncio.sleep(3600)
        return None

    async def scenario() -> None:
        queue = Queue(lambda: 0.0)
        queue.add(IRIS)
        working = asyncio.create_task(workers.work(queue, never))
        await asyncio.sleep(1)
        working.cancel()
        await asyncio.wait([working])

        queue.add(IRIS)
        assert await queue.take() == IRIS

    virtual_time.run(scenario())
