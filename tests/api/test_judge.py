"""The judge: known intervals, what it never does, and when it looks."""

from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_api import judge
from iris_api.judge import Gate, Share, Verdict
from scipy.stats import binomtest

FAILED = Gate("failed", 0.010)
SHIFT = Gate("shift", 0.100, two_sided=True)


@st.composite
def shares(draw: st.DrawFn, least: int = 1) -> Share:
    requests = draw(st.integers(least, 20_000))
    return Share(draw(st.integers(0, requests)), requests)


@pytest.mark.parametrize("share", [Share(0, 10), Share(1, 16), Share(81, 263), Share(20, 20)], ids=str)
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_wilsons_interval_is_that_of_scipy(share: Share, confidence: float) -> None:
    expected = binomtest(*share).proportion_ci(confidence, "wilson")

    found = judge.wilson(share, NormalDist().inv_cdf((1 + confidence) / 2))

    assert found == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(
    ("canary", "stable", "low", "high"),
    # Newcombe's paper of 1998, table II, method 10: contrasts a, c, f and h.
    [
        (Share(56, 70), Share(48, 80), 0.0524, 0.3339),
        (Share(9, 10), Share(3, 10), 0.1705, 0.8090),
        (Share(5, 56), Share(0, 29), -0.0381, 0.1926),
        (Share(10, 10), Share(0, 20), 0.6791, 1.0),
    ],
)
def test_the_interval_of_a_difference_is_the_published_one(
    canary: Share, stable: Share, low: float, high: float
) -> None:
    assert judge.interval(canary, stable, 0.025) == pytest.approx((low, high), abs=5e-5)


@given(shares(), shares(), st.floats(1e-6, 0.4))
def test_the_interval_of_a_difference_contains_it(canary: Share, stable: Share, error: float) -> None:
    difference = canary.events / canary.requests - stable.events / stable.requests

    low, high = judge.interval(canary, stable, error)

    assert low <= difference <= high


@given(shares(), shares(), st.floats(1e-6, 0.4))
def test_one_more_failure_of_the_canary_never_improves_its_interval(
    canary: Share, stable: Share, error: float
) -> None:
    if canary.events == canary.requests:
        return
    now = judge.interval(canary, stable, error)
    worse = judge.interval(canary._replace(events=canary.events + 1), stable, error)

    assert worse.low >= now.low - 1e-12
    assert worse.high >= now.high - 1e-12


@given(st.integers(1, 100_000), shares(), st.sampled_from([0.001, 0.01, 0.5, 1.0]))
def test_a_canary_that_fails_every_request_never_passes(requests: int, stable: Share, margin: float) -> None:
    judgement = judge.judge(Gate("failed", margin), [(Share(requests, requests), stable)])

    assert judgement is None or judgement.verdict is not Verdict.PASS


def test_a_canary_without_requests_is_not_judged() -> None:
    assert judge.judge(FAILED, [(Share(0, 0), Share(0, 1000))]) is None
    assert judge.needed(FAILED, [(Share(0, 0), Share(0, 1000))]) is None


def test_a_stable_version_without_requests_proves_nothing() -> None:
    judgement = judge.judge(FAILED, [(Share(0, 100_000), Share(0, 0))])

    assert judgement is not None
    assert judgement.verdict is Verdict.PASS, (
        "no failure in 100,000 requests is below any stable share plus a point"
    )

    judgement = judge.judge(FAILED, [(Share(20_000, 100_000), Share(0, 0))])

    assert judgement is not None
    assert judgement.verdict is Verdict.NOT_ENOUGH


def test_a_fifth_of_failures_is_found_with_the_first_sixteen_requests() -> None:
    judgement = judge.judge(FAILED, [(Share(3, 16), Share(0, 304))])

    assert judgement is not None
    assert judgement.verdict is Verdict.FAIL
    assert judgement.interval.low > 0.01


def test_one_failure_in_sixteen_requests_decides_nothing() -> None:
    judgement = judge.judge(FAILED, [(Share(1, 16), Share(0, 304))])

    assert judgement is not None
    assert judgement.verdict is Verdict.NOT_ENOUGH


def test_a_gate_is_judged_once_for_each_look() -> None:
    """Else each poll would be another chance to decide by luck."""
    shares = [(Share(0, 500), Share(0, 500))]
    first = judge.judge(FAILED, shares)

    assert first is not None
    assert first.verdict is Verdict.PASS
    assert judge.judge(FAILED, shares, since=first.requests) is None
    assert judge.judge(FAILED, [(Share(0, 511), Share(0, 511))], since=500) is None
    assert judge.judge(FAILED, [(Share(0, 512), Share(0, 512))], since=500) is not None


def test_all_looks_together_keep_the_error_rates() -> None:
    assert sum(judge.fail_error(look) for look in range(10_000)) <= judge.FAIL_ERROR
    assert sum(judge.pass_error(look) for look in range(10_000)) <= judge.PASS_ERROR


def test_shift_fails_for_a_class_that_vanishes_as_for_one_that_grows() -> None:
    more = [(Share(60, 100), Share(30, 100)), (Share(40, 100), Share(70, 100))]
    fewer = [(stable, canary) for canary, stable in more]

    for both in (more, fewer):
        judgement = judge.judge(SHIFT, [(_times(a, 10), _times(b, 10)) for a, b in both])
        assert judgement is not None
        assert judgement.verdict is Verdict.FAIL
        assert judgement.difference == pytest.approx(0.3)


def test_one_class_for_every_request_passes_shift_where_stable_answers_it_too() -> None:
    same = [(Share(1000, 1000), Share(1000, 1000)), (Share(0, 1000), Share(0, 1000))]
    judgement = judge.judge(SHIFT, same)

    assert judgement is not None
    assert judgement.verdict is Verdict.PASS


@given(st.integers(0, 3), st.integers(50, 800))
def test_a_gate_passes_after_the_requests_that_it_was_said_to_need(failures: int, requests: int) -> None:
    shares = (Share(failures, requests), Share(failures, requests))
    needed = judge.needed(FAILED, [shares])
    if needed is None:
        return
    factor = (requests + needed) / requests
    grown = [Share(round(failures * factor), requests + needed)] * 2

    judgement = judge.judge(FAILED, [(grown[0], grown[1])], since=requests)

    assert judgement is not None
    assert judgement.verdict is Verdict.PASS


def test_no_number_of_requests_lets_a_version_beyond_the_margin_pass() -> None:
    assert judge.needed(FAILED, [(Share(30, 1000), Share(10, 1000))]) is None


def _times(share: Share, factor: int) -> Share:
    return Share(share.events * factor, share.requests * factor)
