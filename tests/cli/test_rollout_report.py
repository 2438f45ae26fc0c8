"""`iris rollout`: status.rollout in words, one line for each change, and the change for Git."""

from typing import Any

import pytest
import yaml
from iris_api import rollouts
from iris_cli import declared
from iris_cli.errors import Trouble
from iris_cli.rollouts import patches, report

from tests.cli.snapshots import NOW, Body, condition, model, serving

GATE = {
    "name": "failed", "verdict": "NotEnough", "canaryPerMille": 2, "stablePerMille": 1,
    "lowPerMille": -4, "highPerMille": 12, "requests": 1203, "needed": 260,
}  # fmt: skip
DIGEST = "sha256:" + "a1" * 32
REVISION = "main@sha1:0123456789abcdef0123456789abcdef01234567"
STATES = [value for name, value in vars(rollouts).items() if name.isupper() and value in report.MEANING]


def rolling(state: str = "Judging", **more: Any) -> Body:
    """Version 1.1.0 beside 1.0.0, with half of the requests."""
    body = model(
        condition("Ready", "False", "Stepping", "rollout of version 1.1.0"),
        condition("Reconciling", "True", "Stepping"),
    )
    body["spec"]["rollout"] = {
        "strategy": "Canary", "steps": [5, 20, 50], "gates": {"failedPerMille": 10, "agreementPerMille": 800}
    }  # fmt: skip
    body["status"]["source"] = {"revision": REVISION}
    body["status"]["rollout"] = {
        "state": state,
        "summary": f"{state} 1.1.0",
        "candidate": {"version": "1.1.0", "digest": DIGEST, "revision": REVISION},
        "stable": {"version": "1.0.0"},
        "since": "2026-11-23T12:06:00Z",
    } | more
    return body


JUDGING: dict[str, Any] = {
    "step": 3,
    "weight": 50,
    "observedPerMille": 493,
    "expectedBy": "2026-11-23T12:14:00Z",
    "missing": "needs about 260 more requests, 4 min at the present rate (failed)",
    "agreement": {"rows": 30, "agree": 29, "judged": True, "differ": ["versicolor → virginica: 1"]},
    "gates": [GATE],
}


def test_a_rollout_is_reported_in_words() -> None:
    assert list(report.paragraphs(rolling(**JUDGING), NOW)) == [
        (
            "IrisModel iris/iris: Judging 1.1.0, this step since 2026-11-23 12:06:00 UTC (4 min): "
            "the last step: every gate has to pass"
        ),
        "  declared   1.1.0",
        "  serving    1.0.0",
        "  candidate  1.1.0 (a1a1a1a1a1a1, main@0123456)",
        "  stable     1.0.0",
        "  step       step 3 of 3",
        "  share      50 % declared, 49.3 % observed",
        "  missing    needs about 260 more requests, 4 min at the present rate (failed)",
        "  expected   2026-11-23 12:14:00 UTC",
        (
            "  agreement  both versions predict the same class for 29 of 30 reference rows "
            "(versicolor → virginica: 1)"
        ),
        "  to do      wait",
    ]


def test_nothing_is_missing_from_a_step_that_only_lasts() -> None:
    lines = list(report.paragraphs(rolling(step=1, weight=5), NOW))

    assert "  step       step 1 of 3" in lines
    assert not [line for line in lines if "missing" in line]


def test_each_gate_is_a_row_with_its_interval_and_its_margin() -> None:
    [row] = report.gates(rolling(**JUDGING))

    assert row == ["failed", "NotEnough", "2", "1", "-4 to 12", "10", "1203", "260"]


def test_a_gate_without_a_look_has_dashes() -> None:
    [row] = report.gates(rolling(gates=[{"name": "shift", "verdict": "NotJudged", "requests": 0}]))

    assert row == ["shift", "NotJudged", *[report.NOTHING] * 4, "0", report.NOTHING]


def test_a_gate_that_is_not_judged_says_why() -> None:
    gate = {"name": "shift", "verdict": "NotJudged", "requests": 0, "message": "found 300 rows in 15 calls"}

    assert "  not judged  shift: found 300 rows in 15 calls" in report.paragraphs(rolling(gates=[gate]), NOW)


def test_a_refused_candidate_is_reported_with_its_reason_and_the_cure() -> None:
    rejected = {
        "version": "1.1.0",
        "digest": DIGEST,
        "revision": REVISION,
        "reason": "AgreementTooLow",
        "message": "found 2 of 30",
        "at": "2026-11-23T12:08:00Z",
    }
    body = rolling("RolledBack", rejected=rejected)
    del body["status"]["rollout"]["since"]
    body["status"]["conditions"] = [
        condition("Ready", "False", "RolledBack"),
        condition("Stalled", "True", "RolledBack"),
    ]

    lines = list(report.paragraphs(body, NOW))

    assert " RolledBack 1.1.0 since 2026-11-23 12:08:00 UTC (2 min)" in lines[0]
    assert "  refused    1.1.0 (a1a1a1a1a1a1, main@0123456) (AgreementTooLow): found 2 of 30" in lines
    assert "spec.rollout.skip" in lines[-1]
    assert report.is_refused(body)


def test_a_refused_candidate_is_reported_while_no_version_is_serving() -> None:
    body = rolling("RolledBack")
    body["status"]["servingVersion"] = ""

    headline, *facts = report.paragraphs(body, NOW)

    assert "  serving    no version" in facts
    assert headline.endswith(": it was refused and gets no requests")


def test_a_model_without_a_rollout_is_reported_as_such() -> None:
    assert list(report.paragraphs(serving(), NOW)) == [
        "IrisModel iris/iris: no rollout is under way (spec.rollout.strategy is Immediate)",
        "  declared  1.1.0",
        "  serving   1.1.0",
    ]
    assert report.line(serving()) == "no rollout; version 1.1.0 is serving"
    body = serving()
    body["status"]["servingVersion"] = ""
    assert report.line(body) == "no rollout; no version is serving"


def test_the_status_of_an_older_spec_is_not_taken_for_the_present_one() -> None:
    body = rolling("Promoted")
    body["metadata"]["generation"] = 3

    assert "has not observed generation 3" in next(report.paragraphs(body, NOW))
    assert not report.is_over(body)


@pytest.mark.parametrize("state", STATES)
def test_a_rollout_is_over_when_nothing_more_happens(state: str) -> None:
    body = rolling(state)
    body["status"]["conditions"] = [condition("Ready", "True", "Serving")]

    assert report.is_over(body) is (state in ("Promoted", "RolledBack"))


def test_a_watched_rollout_is_one_line() -> None:
    assert report.line(rolling(**JUDGING)) == (
        "Judging 1.1.0, step 3 of 3, 50 % declared, 49.3 % observed, failed NotEnough, "
        "needs about 260 more requests, 4 min at the present rate (failed)"
    )


@pytest.mark.parametrize(
    ("action", "state", "changed"),
    [
        ("approve", "AwaitingApproval", {"rollout": {"approved": "1.1.0"}}),
        ("skip", "Preparing", {"rollout": {"skip": "1.1.0"}}),
        ("skip", "RolledBack", {"rollout": {"skip": "1.1.0"}}),
        ("pause", "Stepping", {"rollout": {"pause": True}}),
        ("abort", "Held", {"version": "1.0.0"}),
        ("abort", "RolledBack", {"version": "1.0.0"}),
    ],
)
def test_a_patch_is_the_change_of_the_declaration(action: str, state: str, changed: Body) -> None:
    text = patches.of(rolling(state), action)

    assert yaml.safe_load(text) == {"spec": changed}
    assert text.startswith("# IrisModel iris/iris: ")


def test_a_patch_is_one_that_the_api_accepts() -> None:
    for action in patches.ACTIONS:
        spec = yaml.safe_load(patches.of(rolling("AwaitingApproval"), action))["spec"]
        whole = {"apiVersion": "serving.two.inc/v1alpha1", "kind": "IrisModel", "metadata": {"name": "iris"}}

        declared.load(yaml.safe_dump({**whole, "spec": {"version": "1.1.0", **spec}}), "patch", "iris")


def test_aborting_names_the_commit_that_git_reverts() -> None:
    assert "git revert 0123456789abcdef0123456789abcdef01234567\n" in patches.of(rolling(), "abort")


def test_aborting_a_change_of_the_same_version_is_a_revert_only() -> None:
    body = rolling()
    body["status"]["rollout"]["stable"]["version"] = "1.1.0"

    with pytest.raises(
        Trouble, match=r"found 1\.1\.0 as candidate and as stable version, expected: git revert 0123"
    ):
        patches.of(body, "abort")


@pytest.mark.parametrize(
    ("action", "state"), [("approve", "RolledBack"), ("pause", "Promoted"), ("abort", "Promoted")]
)
def test_a_patch_that_would_decide_nothing_is_refused(action: str, state: str) -> None:
    with pytest.raises(
        Trouble, match=f"iris/iris: found {state}, expected a rollout that --patch {action} decides"
    ):
        patches.of(rolling(state), action)
    with pytest.raises(Trouble, match="found no rollout"):
        patches.of(serving(), action)
