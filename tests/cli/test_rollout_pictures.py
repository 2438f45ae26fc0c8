"""The console draws a rollout in the words of `iris rollout`, and its intervals against their limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_cli.console import rollout_pictures, views
from iris_cli.explanation import explain

from tests.cli import snapshots
from tests.cli.snapshots import NOW
from tests.cli.test_rollout_report import GATE, JUDGING, rolling


def test_a_model_without_a_rollout_has_no_section() -> None:
    assert rollout_pictures.of(snapshots.serving(), NOW) is None


def test_a_rollout_has_its_steps_shares_and_gates() -> None:
    found = rollout_pictures.of(rolling(**JUDGING), NOW)

    assert found is not None
    assert found.headline.startswith("Judging 1.1.0, this step since 2026-11-23 12:06:00 UTC (4 min)")
    assert [(step.percent, step.is_done, step.is_current) for step in found.steps] == [
        (5, True, False),
        (20, True, False),
        (50, False, True),
    ]
    assert [(share.name, share.per_mille, share.text) for share in found.shares] == [
        ("declared", 500, "50 %"),
        ("observed", 493, "49.3 %"),
    ]
    [gate] = found.gates
    assert gate.title == "failed: -4 to 12 per 1,000, at most 10"
    assert gate.mark == "waits"
    assert found.agreement is not None
    assert found.agreement.rows == [("versicolor", "virginica", "1")]
    assert "versicolor" not in found.agreement.text
    assert {"declared", "serving", "share", "step"}.isdisjoint(found.facts)


@pytest.mark.parametrize(
    ("verdict", "mark"), [("Pass", "ok"), ("Fail", "failed"), ("NotEnough", "waits"), ("Off", "waits")]
)
def test_a_gate_has_the_mark_of_its_verdict(verdict: str, mark: str) -> None:
    found = rollout_pictures.of(rolling(**JUDGING | {"gates": [GATE | {"verdict": verdict}]}), NOW)

    assert found is not None
    assert [gate.mark for gate in found.gates] == [mark]


def test_a_gate_without_requests_has_no_interval() -> None:
    bare = {"name": "failed", "verdict": "NotEnough", "needed": 260}

    found = rollout_pictures.of(rolling(**JUDGING | {"gates": [bare]}), NOW)

    assert found is not None
    assert [gate.picture for gate in found.gates] == [None]


RATES = st.integers(-1000, 1000)


@given(RATES, st.integers(0, 1000), st.none() | st.integers(0, 1000))
def test_interval_zero_and_limit_are_in_the_picture_and_in_their_order(
    low: int, size: int, limit: int | None
) -> None:
    found = rollout_pictures.picture(low, low + size, limit)

    places = [found.low, found.low + found.width, found.zero] + ([] if limit is None else [found.limit or 0])
    assert all(0 <= place <= 1004 for place in places)
    assert (found.low <= found.zero) == (low <= 0) or abs(found.low - found.zero) < 0.2
    if limit is not None and found.limit is not None:
        assert found.limit >= found.zero


def test_the_page_of_a_model_draws_its_gates() -> None:
    found = snapshots.snapshot(rolling(**JUDGING))

    page = views.model_content(found, explain(found, NOW), views.Commit(""), history=[], now=NOW)

    assert 'aria-label="failed: -4 to 12 per 1,000, at most 10"' in page
    assert '<li aria-current="step">50 %</li>' in page
    assert '<td data-label="Candidate">virginica</td><td data-label="Rows" class="number">1</td>' in page
