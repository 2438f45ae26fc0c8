"""`iris why`: the paragraph says what serves, what is waited for, since when and what to do."""

from datetime import timedelta
from pathlib import Path

import pytest
from iris_cli import durations, story
from iris_cli.cures import CURES
from iris_operator import reasons

from tests.cli.snapshots import (
    NOW,
    condition,
    event,
    model,
    pod,
    progressing,
    serving,
    snapshot,
    stalled,
)

READY = {"Ready": "True"}
OF_READY = {
    value
    for name, value in vars(reasons).items()
    if name.isupper() and value not in ("PodsAvailable", "NoPodAvailable", "RouteApplied")
}


def told(*arguments: object, **more: object) -> str:
    return story.tell(snapshot(*arguments, **more), NOW).paragraph  # type: ignore[arg-type]


def test_a_model_that_serves_waits_for_nothing() -> None:
    found = story.tell(snapshot(serving(), pod("a", conditions=READY), pod("b", conditions=READY)), NOW)

    assert found.serves
    assert found.paragraph == (
        "IrisModel iris/iris declares version 1.1.0, and that serves. It is so since 12:06:00 UTC (4 min): "
        "2 of 2 pods prove version 1.1.0. What to do: nothing."
    )


def test_a_stalled_model_says_what_goes_on_serving_and_the_cure() -> None:
    found = story.tell(snapshot(stalled("ImagePullFailed", "pod x: ErrImagePull: no such tag")), NOW)

    assert not found.serves
    assert found.paragraph == (
        "IrisModel iris/iris declares version 1.1.0, and 1.0.0 goes on serving. "
        "It cannot go on (ImagePullFailed) since 12:06:00 UTC (4 min): pod x: ErrImagePull: no such tag. "
        "What to do: correct `spec.version`, `spec.image` or the pull secret."
    )


def test_since_is_when_the_reason_came_not_when_ready_became_false() -> None:
    """Ready was False before, for another reason: its own time did not move."""
    came = event(
        "PodsCrashing", "2026-11-23T12:08:00Z", about={"uid": "model", "name": "iris"}, message="because"
    )

    assert "since 12:08:00 UTC (2 min)" in told(stalled("PodsCrashing"), events=(came,))


def test_a_status_about_an_older_spec_is_not_taken_for_an_answer() -> None:
    body = model(condition("Ready", "True", "Serving"), serving="1.0.0", generation=3)

    found = story.tell(snapshot(body), NOW)

    assert not found.serves
    assert "It waits for the operator since 12:09:00 UTC (60 s)" in found.paragraph
    assert "has not spoken about generation 3" in found.paragraph


def test_a_model_that_is_being_deleted_names_who_holds_it() -> None:
    body = serving()
    body["metadata"] |= {"deletionTimestamp": "2026-11-23T12:05:00Z", "finalizers": ["x.test/hold"]}

    assert "It is being deleted since 12:05:00 UTC (5 min): finalizers hold it: x.test/hold." in told(body)


HOLDS = {
    "no node has room": (
        pod("a", conditions={"PodScheduled": "False"}),
        "Pod a has no node: PodScheduled says why.",
        "What to do: make room on a node",
    ),
    "it ended": (
        pod(
            "a", container={"restartCount": 1, "state": {"terminated": {"exitCode": 1, "message": "boom\n"}}}
        ),
        "Pod a ended with exit code 1: boom; 1 restarts so far.",
        "What to do: read `kubectl -n iris logs a --previous`.",
    ),
    "it waits": (
        pod("a", container={"state": {"waiting": {"reason": "ErrImagePull", "message": "no such tag"}}}),
        "Pod a: ErrImagePull: no such tag.",
        "What to do: wait.",
    ),
    "nobody has looked": (pod("a"), "Pod a runs and is not ready yet.", "What to do: wait."),
}


@pytest.mark.parametrize("case", HOLDS)
def test_names_what_holds_up_a_new_pod(case: str) -> None:
    body, sentence, cure = HOLDS[case]

    paragraph = told(progressing(), body)

    assert sentence in paragraph
    assert cure in paragraph


def test_the_newest_warning_about_a_pod_tells_why_it_is_not_ready() -> None:
    older = event("Unhealthy", "2026-11-23T12:07:00Z", about={"name": "a"}, message="older")
    newer = event("Unhealthy", "2026-11-23T12:08:00Z", about={"name": "a"}, message="probe: 503")
    other = event("Unhealthy", "2026-11-23T12:09:00Z", about={"name": "b"}, message="other")

    assert "Pod a: Unhealthy: probe: 503." in told(progressing(), pod("a"), events=(newer, older, other))


def test_closed_readiness_gates_are_named() -> None:
    gated = pod("a", conditions={"x.test/warm": "False"})
    gated["spec"] = {"readinessGates": [{"conditionType": "x.test/warm"}]}

    assert "Pod a waits for its readiness gates x.test/warm." in told(progressing(), gated)


def test_pods_that_cannot_be_made_come_first() -> None:
    found = snapshot(progressing())
    found.replica_sets[0]["status"] = {
        "conditions": [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"}]
    }

    assert "Its pods cannot be made: exceeded quota: small." in story.tell(found, NOW).paragraph


def test_never_repeats_what_the_operator_has_said() -> None:
    body = stalled("ImagePullFailed", "pod a: ErrImagePull: no such tag")
    waiting = {"state": {"waiting": {"reason": "ErrImagePull", "message": "no such tag"}}}

    assert told(body, pod("a", container=waiting)).count("no such tag") == 1


def test_says_what_it_could_not_read() -> None:
    paragraph = told(serving(), pod("a", conditions=READY), unread=("events", "pods"))

    assert paragraph.endswith("Not read, because this user may not: events, pods.")


def test_tells_of_a_pod_lost_since_the_operator_spoke() -> None:
    assert "Just now only 1 of 2 pods are ready." in told(serving(), pod("a", conditions=READY))


def test_other_conditions_that_are_false_are_told_besides() -> None:
    body = serving()
    body["status"]["conditions"].append(
        condition("MonitoringReady", "False", "CRDNotInstalled", "no such CRD")
    )

    assert "Besides, MonitoringReady is False (CRDNotInstalled): no such CRD." in told(body)


def test_every_reason_has_the_cure_that_the_api_reference_names() -> None:
    rows = [line.split("|") for line in Path("docs/reference/irismodel.md").read_text("utf-8").splitlines()]
    documented = {row[1].strip(" `"): row[-2].strip() for row in rows if len(row) == 7}

    assert documented.items() >= CURES.items()
    assert CURES.keys() >= OF_READY & documented.keys()


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (200000, "2 days")]
)
def test_an_age_is_said_as_a_person_says_it(seconds: int, words: str) -> None:
    assert durations.age(timedelta(seconds=seconds)) == words
