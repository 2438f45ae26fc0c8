"""The reference rows of a candidate, asked of both versions: real HTTP on loopback, as small as it gets."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from iris_operator.decide import agreement_gate
from iris_operator.observe import agreement
from iris_operator.observe.agreement import Agreement, NoAnswer
from iris_operator.observe.proof import Prover
from iris_operator.observe.workload import Pod

from tests.harness import web_server

STABLE, CANDIDATE = "127.0.77.11", "127.0.77.12"  # of this file alone: pods are always asked on port 8000
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.0, 2.7, 4.2, 1.3], [6.7, 3.0, 5.2, 2.3]]


class Server:
    """A version's reference rows, and the classes that it gives."""

    def __init__(self, labels: list[str]) -> None:
        self.reference: Any = {"rule": "lengths-1", "rows": ROWS, "labels": ["a", "b", "c"]}
        self.status = 200
        self.labels = labels
        self.asked: list[Any] = []

    async def rows(self, _: web.Request) -> web.Response:
        return web.json_response(self.reference, status=200 if self.reference else 404)

    async def classes(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        return web.json_response({"prediction_label": self.labels}, status=self.status)


@pytest.fixture
async def stable() -> AsyncIterator[Server]:
    async for server in _running(STABLE):
        yield server


@pytest.fixture
async def candidate() -> AsyncIterator[Server]:
    async for server in _running(CANDIDATE):
        yield server


async def _running(address: str) -> AsyncIterator[Server]:
    server = Server(["a", "b", "c"])
    app = web.Application()
    app.router.add_get("/api/v1/model/reference", server.rows)
    app.router.add_post("/api/v1/predict/batch", server.classes)
    async with web_server.serving(app, address, 8000):
        yield server


async def compared() -> Agreement | NoAnswer:
    async with Prover(lambda: 0.0) as prover:
        return await prover.compare(pod(STABLE), pod(CANDIDATE))


def pod(address: str) -> Pod:
    return Pod(f"pod-{address}", address, address, "c", True, True, None, 0, None, "", "", None, "")


async def test_both_versions_get_the_candidates_rows(stable: Server, candidate: Server) -> None:
    candidate.labels = ["a", "c", "c"]

    assert await compared() == Agreement(3, 2, ("b → c: 1",), is_judged=True)
    assert stable.asked == candidate.asked == [{"rows": ROWS}]


@pytest.mark.parametrize("known", [None, {"rule": "lengths-2", "rows": []}, {"rule": ""}], ids=json.dumps)
async def test_a_stable_version_that_may_know_the_rows_is_only_reported(
    stable: Server, candidate: Server, known: Any
) -> None:
    stable.reference = known

    found = await compared()

    assert found == Agreement(3, 3, (), is_judged=False)


@pytest.mark.parametrize("known", [None, {"rule": "", "rows": []}], ids=json.dumps)
async def test_a_candidate_without_rows_is_not_compared(
    stable: Server, candidate: Server, known: Any
) -> None:
    candidate.reference = known

    assert await compared() == agreement.NONE
    assert stable.asked == []


async def test_a_refusal_of_the_rows_is_no_disagreement(stable: Server, candidate: Server) -> None:
    candidate.status = 422

    expected = "pod pod-127.0.77.12: /api/v1/predict/batch: found 422, expected 200"
    assert await compared() == NoAnswer(expected)


async def test_an_answer_for_other_rows_is_none(stable: Server, candidate: Server) -> None:
    stable.labels = ["a"]

    found = await compared()

    assert isinstance(found, NoAnswer)
    assert found.failure.endswith("found a list of 1, expected 3, a class for each row")


@pytest.mark.parametrize("broken", [[], {"rule": 3}, {"rows": "x"}], ids=json.dumps)
async def test_an_answer_that_is_none_names_the_pod(stable: Server, candidate: Server, broken: Any) -> None:
    candidate.reference = broken or [1]

    found = await compared()

    assert isinstance(found, NoAnswer)
    assert found.failure.startswith("pod pod-127.0.77.12: /api/v1/model/reference: ")


async def test_a_pod_that_is_gone_is_no_answer(candidate: Server) -> None:
    found = await compared()

    assert isinstance(found, NoAnswer)
    assert STABLE in found.failure


def test_the_commonest_difference_comes_first() -> None:
    found = agreement.compare(list("aabbcc"), list("abacbb"), is_judged=True)

    assert found.differ == ("c → b: 2", "a → b: 1", "b → a: 1", "b → c: 1")
    assert (found.rows, found.agree) == (6, 1)


def test_a_refusal_tells_how_little_few_rows_prove() -> None:
    found = Agreement(30, 23, ("versicolor → virginica: 7",), is_judged=True)

    assert agreement_gate.refusal(found, 800) == (
        "found the same class for 23 of 30 reference rows (766 per 1,000), expected at least 800 per 1,000 "
        "(spec.rollout.gates.agreementPerMille); differences: versicolor → virginica: 7; "
        "with so few rows the true share may be 591 to 882 per 1,000"
    )


@pytest.mark.parametrize(
    ("found", "refused"),
    [
        (Agreement(30, 24, (), is_judged=True), False),
        (Agreement(30, 23, (), is_judged=True), True),
        (Agreement(30, 0, (), is_judged=False), False),
        (agreement.NONE, False),
    ],
    ids=["at the gate", "below it", "rows that the stable version may know", "no rows"],
)
def test_only_judged_rows_below_the_gate_refuse_a_candidate(found: Agreement, refused: bool) -> None:
    assert bool(agreement_gate.refusal(found, 800)) is refused
