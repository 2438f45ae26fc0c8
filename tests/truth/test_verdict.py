"""Which answers contradict a Ready that the client has seen."""

import pytest
from iris_local_cluster.up.load_client import Answer

from tests.truth import verdict
from tests.truth.verdict import Declared, Share


def declared() -> list[Declared]:
    """1.1.0 is declared at 10, Ready at 16, replaced at 20."""
    return [
        Declared("1.0.0", sent=0, ready=5, until=10),
        Declared("1.1.0", sent=10, kind="good", ready=16, until=20),
        Declared("9.9.9", sent=20),
    ]


@pytest.mark.parametrize(
    ("answer", "judged", "wrong"),
    [
        (Answer(17, 17.1, "1.1.0", None), 1, 0),
        (Answer(17, 17.1, "1.0.0", None), 1, 1),
        (Answer(16, 20, "1.0.0", None), 1, 1),
        (Answer(15.9, 16.1, "1.0.0", None), 0, 0),
        (Answer(19.9, 20.1, "1.0.0", None), 0, 0),
        (Answer(21, 21.1, "1.0.0", None), 0, 0),
        (Answer(6, 6.1, "1.1.0", None), 1, 1),
        (Answer(17, 17.1, None, "status 502: "), 1, 0),
    ],
    ids=[
        "the declared version",
        "the one before",
        "at the limits",
        "began before Ready",
        "ended after the next change",
        "nothing is Ready",
        "too early",
        "no version",
    ],
)
def test_an_answer_contradicts_ready_only_within_its_limits(answer: Answer, judged: int, wrong: int) -> None:
    outcome = verdict.judge([answer], declared())

    assert (outcome.judged, len(outcome.wrong)) == (judged, wrong)


def test_a_request_without_an_answer_is_lost_whenever_it_was_sent() -> None:
    lost = Answer(12, 12.5, None, "ConnectError: refused")

    assert verdict.judge([lost], declared()).lost == (lost,)


def test_the_margin_is_counted_from_the_last_answer_of_another_version() -> None:
    sent = ((11, "1.0.0"), (12, "1.0.0"), (13, "1.1.0"))
    answers = [Answer(at, at + 0.5, version, None) for at, version in sent]

    outcome = verdict.judge(answers, declared())

    assert outcome.margins == (3.5,)
    assert outcome.to_ready == {"good": [6]}


@pytest.mark.parametrize(("candidates", "good"), [(440, True), (560, True), (439, False), (561, False)])
def test_a_share_of_many_requests_is_at_most_three_points_off(candidates: int, good: bool) -> None:
    share = Share("1.1.0", 25, since=100, until=200)
    versions = ["1.1.0"] * candidates + ["1.0.0"] * (2000 - candidates)
    answers = [Answer(110, 111, version, None) for version in versions]
    settled = [Answer(17, 17.1, "1.1.0", None)]

    outcome = verdict.judge([*answers, *settled], declared(), [share])

    assert [split.percent for split in outcome.splits] == [candidates / 20]
    assert outcome.good is good


def test_requests_that_the_router_may_not_have_divided_yet_do_not_count() -> None:
    share = Share("1.1.0", 50, since=100, until=110)
    answers = [Answer(101.9, 102, "1.0.0", None), Answer(109, 110.1, "1.0.0", None)]

    assert verdict.judge(answers, declared(), [share]).splits == ()


def test_a_run_without_a_request_to_judge_is_not_good() -> None:
    assert not verdict.judge([], declared()).good
