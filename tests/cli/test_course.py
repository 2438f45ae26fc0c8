"""`iris plan` of a rollout: its steps, the requests it takes, and whether Flux waits long enough."""

from typing import Any

import pytest
from iris_cli import flux, planned
from iris_cli.rollouts import course

from tests.operator import bodies

STEPS: dict[str, Any] = {
    "strategy": "Canary", "steps": [5, 20, 50], "stepSeconds": 120, "decideSeconds": 1800,
    "gates": {"agreementPerMille": 800, "failedPerMille": 10, "slowPerMille": 1000},
}  # fmt: skip


def lines_of(rollout: dict[str, Any], waits_seconds: int | None = None) -> list[str]:
    before, after = (bodies.body(version=version, rollout=rollout) for version in ("1.4.0", "1.5.0"))
    found = planned.rollout_between(before, after)
    assert found
    return list(course.lines(found, waits_seconds))


def test_the_course_of_a_rollout_has_its_steps_and_the_requests_that_they_take() -> None:
    assert lines_of(STEPS) == [
        "rollout of version 1.5.0 beside 1.4.0, which keeps serving:",
        "  compare: at least 800 per 1,000 reference rows must get the same class from both",
        "  step 1: 5 % of the requests, 120 s",
        "  step 2: 20 % of the requests, 120 s",
        "  step 3: 50 % of the requests, until every gate has passed, at most 1800 s",
        "  needed requests of the candidate: failed 400, refused 200, shift 300: "  # noqa: ISC004
        "40 s if the model gets 20 requests/s",
        "  (if they are equal: 0.1% of the answers fail, 3 classes are equally common)",
        "  if there are not enough requests in time: Hold",
    ]


def test_a_rollout_without_steps_waits_for_no_requests() -> None:
    assert lines_of({**STEPS, "steps": []}, 60) == [
        "rollout of version 1.5.0 beside 1.4.0, which keeps serving:",
        "  compare: at least 800 per 1,000 reference rows must get the same class from both",
    ]


def test_what_a_commit_has_to_decide_is_named() -> None:
    text = "\n".join(lines_of({**STEPS, "approval": "Manual", "pause": True}))

    assert "then it waits for spec.rollout.approved: 1.5.0" in text
    assert "spec.rollout.pause is true" in text


@pytest.mark.parametrize(
    ("waits_seconds", "warned"), [(600, True), (2084, True), (2085, False), (None, False)]
)
def test_a_rollout_that_outlasts_fluxs_timeout_is_warned_about(
    waits_seconds: int | None, warned: bool
) -> None:
    """15 s before each step's count, two steps of 120 s, and 1,800 s to decide."""
    assert ("takes up to 2085 s" in "\n".join(lines_of(STEPS, waits_seconds))) is warned


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10m", 600), ("1h30m", 5400), ("90s", 90), ("1m30s", 90), ("0.5h", 1800), ("", None), ("soon", None)],
)
def test_a_duration_of_flux_is_read(text: str, seconds: int | None) -> None:
    assert flux.seconds(text) == seconds
