"""Retries, versions and refusals, decided without a network, a clock or chance."""

from collections.abc import Generator, Sequence
from typing import Any

import httpx
import pytest
from iris_client import Prediction, Refused, Retries, Unavailable, WrongVersion, calls, exchange

ANSWER = {
    "prediction": 0,
    "prediction_label": "setosa",
    "probabilities": [0.9, 0.1, 0.0],
    "model_version": "1.4.0",
    "request_id": "1",
}
GOOD = httpx.Response(200, json=ANSWER)
BUSY = httpx.Response(503, json={"detail": "draining"})
NO_JITTER = Retries(jitter=lambda: 1.0)


def carried_out(
    several: Sequence[httpx.Response | httpx.TransportError],
    retries: Retries = NO_JITTER,
    version: str | None = None,
) -> tuple[Prediction, list[float]]:
    """The answer, and the waits before it; every predictions must have been asked for."""
    left, waits = list(several), []
    steps: Generator[Any, Any, Prediction] = exchange.steps(calls.predict([1, 2, 3, 4]), retries, version)
    step = next(steps)
    while True:
        try:
            if step == exchange.SEND:
                step = steps.send(left.pop(0))
            else:
                waits.append(step)
                step = steps.send(None)
        except StopIteration as end:
            assert not left
            return end.value, waits


def test_an_exchange_reads_the_answer() -> None:
    answer, waits = carried_out([GOOD])

    assert answer == Prediction(0, "setosa", (0.9, 0.1, 0.0), "1.4.0", "1")
    assert waits == []


def test_an_answer_names_the_inputs_outside_the_training_range() -> None:
    marked = httpx.Response(200, json={**GOOD.json(), "outside_training_range": ["petal_length"]})

    assert carried_out([marked])[0].outside_training_range == ("petal_length",)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_an_exchange_comes_again_after_what_passes_waiting_twice_as_long_each_time(status: int) -> None:
    _, waits = carried_out([httpx.Response(status)] * 3 + [GOOD])

    assert waits == [0.1, 0.2, 0.4]


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ReadTimeout("late")])
def test_an_exchange_comes_again_after_a_broken_connection(error: httpx.TransportError) -> None:
    assert carried_out([error, GOOD])[1] == [0.1]


@pytest.mark.parametrize(("asked", "waits"), [("3", [3.0]), ("3600", [10.0]), ("soon", [0.1]), ("0", [0.0])])
def test_an_exchange_waits_as_long_as_the_server_asks_within_its_bound(
    asked: str, waits: list[float]
) -> None:
    busy = httpx.Response(503, headers={"retry-after": asked})

    assert carried_out([busy, GOOD])[1] == waits


def test_jitter_shortens_a_wait_by_at_most_half() -> None:
    assert carried_out([BUSY, GOOD], Retries(jitter=lambda: 0.0))[1] == [0.05]


def test_an_exchange_gives_up_after_the_last_attempt_and_says_how_it_failed() -> None:
    with pytest.raises(Unavailable, match="/api/v1/predict: 503 draining, after 2 attempts"):
        carried_out([BUSY, BUSY], Retries(attempts=2))


@pytest.mark.parametrize("status", [400, 404, 413, 415, 422, 500])
def test_what_would_be_refused_again_is_sent_once(status: int) -> None:
    faults = [{"field": "petal_width", "found": "-1", "expected": "more"}]

    with pytest.raises(Refused, match=f"{status}: petal_width") as caught:
        carried_out([httpx.Response(status, json={"detail": "petal_width", "errors": faults})])

    assert (caught.value.status, caught.value.faults) == (status, (("petal_width", "-1", "more"),))


@pytest.mark.parametrize("content", [b"<html>", b"[]", b"{}"])
def test_an_answer_of_something_else_is_refused(content: bytes) -> None:
    with pytest.raises(Refused, match="no answer of an Iris model server"):
        carried_out([httpx.Response(200, content=content)])


def test_another_version_than_the_wanted_one_is_an_error() -> None:
    assert carried_out([GOOD], version="1.4.0")[0].model_version == "1.4.0"

    with pytest.raises(WrongVersion, match=r"1\.4\.0, expected 1\.5\.0"):
        carried_out([GOOD], version="1.5.0")
