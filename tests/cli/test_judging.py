"""`iris judge`: the verdict is the operator's, and every number of its arithmetic is in the text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_api import judge
from iris_api.judge import Gate, Share
from iris_cli.rollouts import arithmetic
from iris_cli.rollouts.arithmetic import Agreement, Case

FAILED = Gate("failed", 0.01)
SHIFT = Gate("shift", 0.1, two_sided=True)


def shares(requests: int) -> st.SearchStrategy[Share]:
    return st.integers(0, requests).map(lambda events: Share(events, requests))


def test_a_verdict_is_written_out_number_by_number() -> None:
    case = Case(FAILED, {"": (Share(6, 1200), Share(8, 1190))})

    assert list(arithmetic.lines(case)) == [
        "gate failed: at most 10 per 1,000 more than the stable version",
        "canary c = 6 of 1,200 (5.00 per 1,000), stable s = 8 of 1,190 (6.72 per 1,000)",
        "pass look 3, due at 1,132 requests, error 0.0025",
        "  z = 2.8070   high = d + sqrt((w+(c) - c)^2 + (s - w-(s))^2)",
        "  w(c) = [1.68, 14.78]   w(s) = [2.59, 17.35]   high = 8.89",
        "fail look 6, due at 1,024 requests, error 0.000357",
        "  z = 3.3840   low = d - sqrt((c - w-(c))^2 + (w+(s) - s)^2)",
        "  w(c) = [1.38, 17.98]   w(s) = [2.16, 20.68]   low = -16.15",
        "high <= 10 passes, low > 10 fails: Pass",
    ]


@given(st.integers(0, 9000).flatmap(shares), st.integers(0, 9000).flatmap(shares), st.integers(0, 5000))
def test_the_text_ends_with_the_verdict_of_the_judge(canary: Share, stable: Share, since: int) -> None:
    case = Case(FAILED, {"": (canary, stable)}, since)
    found = judge.judge(FAILED, [(canary, stable)], since)

    text = "\n".join(arithmetic.lines(case))

    assert ("no look is due" in text) is (found is None)
    assert re.findall(r"fails: (\w+)", text) == ([] if found is None else [found.verdict])


def test_the_classes_of_a_shift_share_the_error_of_a_failure() -> None:
    counts = {"1": (Share(200, 1000), Share(400, 1000)), "2": (Share(800, 1000), Share(600, 1000))}

    text = "\n".join(arithmetic.lines(Case(SHIFT, counts, 500)))

    assert "fail look 5, due at 512 requests, error 0.000476 / 2 classes" in text
    assert text.endswith("high <= 100 passes, low > 100 fails: Fail")


def test_what_is_missing_is_a_number_of_requests() -> None:
    case = Case(FAILED, {"": (Share(0, 20), Share(8, 1190))})

    assert list(arithmetic.lines(case))[-1].startswith("needs about 380 more requests of the canary")
    assert arithmetic.data(case)["needed"] == 380


@pytest.mark.parametrize(
    ("agree", "rows", "is_judged", "last"),
    [
        (24, 30, True, "the gate uses the found share, not the interval: Pass"),
        (23, 30, True, "the gate uses the found share, not the interval: Fail"),
        (3, 30, False, "not judged: the stable version may have been trained on these rows"),
        (0, 0, False, "not compared: the candidate's model card has no reference rows"),
    ],
)
def test_an_agreement_is_judged_as_the_operator_does(
    agree: int, rows: int, is_judged: bool, last: str
) -> None:
    assert list(arithmetic.agreement_lines(Agreement(Share(agree, rows), 800, is_judged)))[-1] == last


def test_an_agreement_is_shown_with_how_little_it_proves() -> None:
    lines = list(arithmetic.agreement_lines(Agreement(Share(24, 30), 800, is_judged=True)))

    assert "Wilson interval of the true share, 95 %, z = 1.96: [626.94, 904.95] per 1,000" in lines
