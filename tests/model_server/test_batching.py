"""Requests that come together share one call of the model; who waits, waits within bounds."""

import asyncio
import threading
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_model_server import errors
from iris_model_server.errors import Problem
from iris_model_server.prediction import batching
from iris_model_server.prediction.batching import Batcher, Limits
from iris_model_server.schemas import Numbers

ROOM = Limits(most_waiting=100, most_seconds=60)


class Model:
    """Answers each row with itself, remembers its calls, and can be held and made to fail."""

    def __init__(self) -> None:
        self.calls: list[list[float]] = []
        self.started = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self, rows: Sequence[Numbers]) -> list[list[float]]:
        self.calls.append([row[0] for row in rows])
        self.started.set()
        assert self.may_end.wait(10)
        if any(row[0] < 0 for row in rows):
            raise ValueError("a row it cannot take")
        return [list(row) for row in rows]

    async def is_called(self) -> None:
        await asyncio.to_thread(self.started.wait, 10)


def row(number: float) -> tuple[Numbers, ...]:
    return ((number, 1.0, 2.0, 3.0),)


def numbers(batcher: Batcher, *wanted: float) -> list[asyncio.Future[list[list[float]]]]:
    return [batcher.submit(row(number)) for number in wanted]


async def test_requests_of_one_turn_are_one_call() -> None:
    model = Model()
    batcher = Batcher(model, ROOM)

    answers = await asyncio.gather(*numbers(batcher, 1, 2, 3))

    assert model.calls == [[1, 2, 3]]
    assert answers == [[[number, 1, 2, 3]] for number in (1, 2, 3)]


async def test_what_comes_while_a_call_runs_is_the_next_call() -> None:
    model = Model()
    batcher = Batcher(model, ROOM)
    model.may_end.clear()

    first = numbers(batcher, 1)
    await model.is_called()
    later = numbers(batcher, 2, 3, 4)
    model.may_end.set()
    await asyncio.gather(*first, *later)

    assert model.calls == [[1], [2, 3, 4]]


async def test_the_loop_turns_while_a_slow_call_runs() -> None:
    model = Model()
    model.may_end.clear()

    (answer,) = numbers(Batcher(model, ROOM), 1)
    await model.is_called()
    for _ in range(100):
        await asyncio.sleep(0)

    assert not answer.done()
    model.may_end.set()
    assert await answer == [[1, 1, 2, 3]]


async def test_a_model_known_to_be_quick_is_called_without_a_thread() -> None:
    threads: list[threading.Thread] = []

    def model(rows: Sequence[Numbers]) -> list[list[float]]:
        threads.append(threading.current_thread())
        return [[1.0] for _ in rows]

    batcher = Batcher(model, ROOM)

    for _ in range(20):
        await asyncio.gather(*numbers(batcher, 1))

    assert threads[0] is not threading.main_thread()
    assert threads[-1] is threading.main_thread()


async def test_one_call_takes_a_bounded_number_of_rows_in_their_order() -> None:
    model = Model()
    batcher = Batcher(model, Limits(most_waiting=1000, most_seconds=60))
    count = batching.MOST_SHARED + 5

    answers = await asyncio.gather(*numbers(batcher, *range(count)))

    assert [len(call) for call in model.calls] == [batching.MOST_SHARED, 5]
    assert [answer[0][0] for answer in answers] == list(range(count))


async def test_a_call_takes_all_small_requests_and_one_chunk_of_a_large_one() -> None:
    model = Model()
    batcher = Batcher(model, ROOM)

    chunks = [batcher.submit_chunk(row(number) * 2) for number in (50, 60)]
    answers = await asyncio.gather(*numbers(batcher, 1, 2), *chunks)

    assert model.calls == [[1, 2, 50, 50], [60, 60]]
    assert [len(answer) for answer in answers] == [1, 1, 2, 2]


async def test_more_than_may_wait_is_refused_at_once() -> None:
    model = Model()
    batcher = Batcher(model, Limits(most_waiting=2, most_seconds=60))
    waiting = numbers(batcher, 1, 2)

    with pytest.raises(Problem) as caught:
        batcher.submit(row(3))

    assert (caught.value.kind, caught.value.headers) == (errors.OVERLOADED, {"retry-after": "1"})
    await asyncio.gather(*waiting)
    assert await batcher.submit(row(4)) == [[4, 1, 2, 3]]


async def test_a_request_that_waited_too_long_is_refused_without_a_call() -> None:
    model = Model()
    now = [0.0]
    batcher = Batcher(model, Limits(most_waiting=100, most_seconds=2), clock=lambda: now[0])
    model.may_end.clear()

    first = numbers(batcher, 1)
    await model.is_called()
    old = numbers(batcher, 2)
    now[0] = 2.1
    young = numbers(batcher, 3)
    model.may_end.set()
    await asyncio.gather(*first, *young)

    assert model.calls == [[1], [3]]
    with pytest.raises(Problem, match=r"no turn within 2 s") as caught:
        await old[0]
    assert caught.value.kind is errors.OVERLOADED


async def test_a_client_that_left_costs_no_call() -> None:
    model = Model()
    batcher = Batcher(model, ROOM)
    gone, stays = numbers(batcher, 1, 2)

    gone.cancel()

    assert await stays == [[2, 1, 2, 3]]
    assert model.calls == [[2]]
    assert await batcher.submit(row(3)) == [[3, 1, 2, 3]]


async def test_a_row_that_breaks_the_model_breaks_nobody_else() -> None:
    model = Model()

    answers = await asyncio.gather(*numbers(Batcher(model, ROOM), 1, -1, 2), return_exceptions=True)

    assert [answers[0], answers[2]] == [[[1, 1, 2, 3]], [[2, 1, 2, 3]]]
    assert isinstance(answers[1], ValueError)
    assert model.calls == [[1, -1, 2], [1], [-1], [2]]


@pytest.mark.parametrize(("seconds", "rows"), [(60.0, 64 * 2**3), (0.0, 64 // 2**3)], ids=["quick", "slow"])
async def test_pieces_grow_while_they_are_quick_and_shrink_while_they_are_slow(
    seconds: float, rows: int
) -> None:
    batcher = Batcher(Model(), Limits(most_waiting=100, most_seconds=60, chunk_seconds=seconds))

    for _ in range(3):
        await batcher.submit_chunk(row(1))

    assert batcher.chunk_rows == rows


Plan = list[tuple[str, int]]


@given(
    st.lists(st.tuples(st.sampled_from(["small", "chunk", "turn", "leave"]), st.integers(1, 5)), max_size=40)
)
def test_whatever_comes_in_whatever_order_everyone_gets_their_own_rows(plan: Plan) -> None:
    asyncio.run(follow(plan, Batcher(lambda rows: [list(one) for one in rows], ROOM)))


async def follow(plan: Plan, batcher: Batcher) -> None:
    asked: list[tuple[float, int, asyncio.Future[list[list[float]]]]] = []
    submit: dict[str, Callable[..., asyncio.Future[list[list[float]]]]] = {
        "small": batcher.submit,
        "chunk": batcher.submit_chunk,
    }
    for position, (step, size) in enumerate(plan):
        if step in submit:
            asked.append((position, size, submit[step](row(position) * size)))
        elif step == "turn":
            await asyncio.sleep(0)
        elif asked:
            asked[-1][2].cancel()
    for number, size, answer in asked:
        if not answer.cancelled():
            assert await asyncio.wait_for(answer, 10) == [[number, 1, 2, 3]] * size
