"""`iris why`: the paragraph states what serves, what is missing, since when, and what to do."""

import copy
import dataclasses
from datetime import timedelta

import pytest
from iris_api import reasons
from iris_cli import durations, explanation

from tests.cli.snapshots import (
    NOW,
    Body,
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
OF_READY = {row.reason for row in reasons.READY}


def paragraph_of(*arguments: object, **more: object) -> str:
    return explanation.explain(snapshot(*arguments, **more), NOW).paragraph  # type: ignore[arg-type]


def test_why_reports_since_when_a_model_has_been_serving() -> None:
    found = explanation.explain(
        snapshot(serving(), pod("a", conditions=READY), pod("b", conditions=READY)), NOW
    )

    assert found.serves
    assert found.paragraph == (
        "IrisModel iris/iris: version 1.1.0 has been serving since 12:06:00 UTC (4 min): "
        "2 of 2 pods prove version 1.1.0. What to do: nothing."
    )


def test_why_names_the_version_still_serving_and_the_cure() -> None:
    found = explanation.explain(snapshot(stalled("ImagePullFailed", "pod x: ErrImagePull: no such tag")), NOW)

    assert not found.serves
    assert found.paragraph == (
        "IrisModel iris/iris declares version 1.1.0, but 1.0.0 is still serving. "
        "It has been stalled (ImagePullFailed) since 12:06:00 UTC (4 min): pod x: ErrImagePull: no such tag. "
        "What to do: correct `spec.version`, `spec.image`, `spec.artifact` or the pull secret."
    )


def test_why_dates_the_reason_not_the_condition() -> None:
    """Ready was False before, for another reason: its own time did not move."""
    came = event(
        "PodsCrashing", "2026-11-23T12:08:00Z", about={"uid": "model", "name": "iris"}, message="because"
    )

    assert "since 12:08:00 UTC (2 min)" in paragraph_of(stalled("PodsCrashing"), events=(came,))


def test_why_ignores_the_status_of_an_older_spec() -> None:
    body = model(condition("Ready", "True", "Serving"), serving="1.0.0", generation=3)

    found = explanation.explain(snapshot(body), NOW)

    assert not found.serves
    assert "It has been waiting for the operator since 12:09:00 UTC (60 s)" in found.paragraph
    assert "has not observed generation 3 of the spec" in found.paragraph


def test_why_names_the_finalizers_of_a_deleted_model() -> None:
    body = serving()
    body["metadata"] |= {"deletionTimestamp": "2026-11-23T12:05:00Z", "finalizers": ["x.test/hold"]}

    assert (
        "It has been terminating since 12:05:00 UTC (5 min): waiting for finalizers: x.test/hold."
        in paragraph_of(body)
    )


HOLDS = {
    "no node has room": (
        pod("a", conditions={"PodScheduled": "False"}),
        "Pod a cannot be scheduled: PodScheduled says why.",
        "What to do: make room on a node",
    ),
    "it ended": (
        pod(
            "a", container={"restartCount": 1, "state": {"terminated": {"exitCode": 1, "message": "boom\n"}}}
        ),
        "Pod a: exit code 1: boom.",
        "What to do: read `kubectl -n iris logs a --previous`.",
    ),
    "it waits": (
        pod("a", container={"state": {"waiting": {"reason": "ErrImagePull", "message": "no such tag"}}}),
        "Pod a: ErrImagePull: no such tag.",
        "What to do: wait.",
    ),
    "its image does not exist": (
        pod(
            "a",
            container={
                "state": {"waiting": {"reason": "ErrImagePull", "message": "iris-server:1.1.0: not found"}}
            },
        ),
        "Pod a: ErrImagePull: iris-server:1.1.0: not found.",
        "What to do: the registry has no such image: publish it (local cluster: `make publish VERSION=",
    ),
    "nobody has looked": (pod("a"), "Pod a is running but not ready.", "What to do: wait."),
}


@pytest.mark.parametrize("case", HOLDS)
def test_why_names_what_delays_a_new_pod(case: str) -> None:
    body, sentence, cure = HOLDS[case]

    paragraph = paragraph_of(progressing(), body)

    assert sentence in paragraph
    assert cure in paragraph


def test_why_gives_the_newest_warning_about_a_pod() -> None:
    older = event("Unhealthy", "2026-11-23T12:07:00Z", about={"name": "a"}, message="older")
    newer = event("Unhealthy", "2026-11-23T12:08:00Z", about={"name": "a"}, message="probe: 503")
    other = event("Unhealthy", "2026-11-23T12:09:00Z", about={"name": "b"}, message="other")

    assert "Pod a: Unhealthy: probe: 503." in paragraph_of(
        progressing(), pod("a"), events=(newer, older, other)
    )


def test_why_names_closed_readiness_gates() -> None:
    gated = pod("a", conditions={"x.test/warm": "False"})
    gated["spec"] = {"readinessGates": [{"conditionType": "x.test/warm"}]}

    assert "Pod a is waiting for its readiness gates x.test/warm." in paragraph_of(progressing(), gated)


def test_why_reports_pods_that_cannot_be_created() -> None:
    found = snapshot(progressing())
    found.deployments[0]["status"]["conditions"] = [
        {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: small"}
    ]

    assert "Pods cannot be created: exceeded quota: small." in explanation.explain(found, NOW).paragraph


def test_why_never_repeats_the_message_of_the_operator() -> None:
    body = stalled("ImagePullFailed", "pod a: ErrImagePull: no such tag")
    waiting = {"state": {"waiting": {"reason": "ErrImagePull", "message": "no such tag"}}}

    assert paragraph_of(body, pod("a", container=waiting)).count("no such tag") == 1


def test_why_lists_what_the_user_may_not_read() -> None:
    paragraph = paragraph_of(serving(), pod("a", conditions=READY), unread=("events", "pods"))

    assert paragraph.endswith("This user may not read: events, pods.")


def test_why_reports_a_pod_lost_after_the_last_status() -> None:
    assert "Only 1 of 2 pods are ready now." in paragraph_of(serving(), pod("a", conditions=READY))


def test_why_reports_other_conditions_that_are_false() -> None:
    body = serving()
    body["status"]["conditions"].append(
        condition("MonitoringReady", "False", "CRDNotInstalled", "no such CRD")
    )

    assert "Also, MonitoringReady is False (CRDNotInstalled): no such CRD." in paragraph_of(body)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (200000, "2 days")]
)
def test_an_age_has_one_unit_that_counts_at_least_two(seconds: int, words: str) -> None:
    assert durations.age(timedelta(seconds=seconds)) == words


def test_why_names_what_holds_a_candidate_up() -> None:
    """The stable pods, which are all that the Deployment of the model's own name has, are ready."""
    found = snapshot(progressing("starting its pods"), pod("a", conditions=READY), pod("b", conditions=READY))
    missing = {"state": {"waiting": {"reason": "ErrImagePull", "message": "no such tag"}}}
    candidate = pod("iris-canary-x", container=missing)
    candidate["metadata"] |= {
        "labels": {"app.kubernetes.io/name": "iris-server-canary"},
        "ownerReferences": [{"uid": "canary-new"}],
    }
    [deployment], [newest] = copy.deepcopy((found.deployments, found.replica_sets))
    deployment["metadata"] |= {"name": "iris-canary", "uid": "canary"}
    newest["metadata"] |= {"uid": "canary-new", "ownerReferences": [{"uid": "canary"}]}
    both = dataclasses.replace(
        found,
        deployments=(*found.deployments, deployment),
        replica_sets=(*found.replica_sets, newest),
        pods=(*found.pods, candidate),
    )

    assert "iris-canary-x: ErrImagePull" in explanation.explain(both, NOW).paragraph


def test_why_has_the_numbers_of_a_rollout_that_is_held() -> None:
    body = stalled("RolloutHeld", "rollout of version 1.1.0 is held after 1800 s")
    body["spec"]["rollout"] = {"gates": {"failedPerMille": 10}}
    gate = {
        "name": "failed", "verdict": "NotEnough", "canaryPerMille": 2, "stablePerMille": 1,
        "lowPerMille": -4, "highPerMille": 12, "requests": 1203, "needed": 260,
    }  # fmt: skip
    body["status"]["rollout"] = {"gates": [gate, {"name": "shift", "verdict": "NotJudged"}]}

    assert (
        " Gate failed NotEnough: 2 against 1, difference -4 to 12 per 1,000, at most 10 "
        "(1203 requests, needs about 260 more). "
    ) in paragraph_of(body)


def history(version: str, revision: str) -> list[dict[str, str]]:
    return [{"version": version, "from": "2026-11-23T12:06:00Z", "revision": revision}]


def test_why_names_the_commit_whose_revert_goes_back_to_what_serves() -> None:
    body = stalled("ImagePullFailed")
    body["status"]["history"] = history("1.1.0", "main@sha1:055f28301234")

    assert paragraph_of(body).endswith("; or go back to 1.0.0: `git revert 055f283`.")


@pytest.mark.parametrize(
    ("body", "entries"),
    [
        (stalled("ImagePullFailed"), []),
        (stalled("ImagePullFailed"), history("1.1.0", "")),
        (stalled("ImagePullFailed"), history("1.0.0", "main@sha1:055f28301234")),
        (progressing(), history("1.1.0", "main@sha1:055f28301234")),
    ],
    ids=["not observed", "not by Git", "of the version before", "on its way"],
)
def test_why_reverts_nothing_that_is_not_the_commit_of_a_stalled_version(
    body: Body, entries: list[dict[str, str]]
) -> None:
    assert "git revert" not in paragraph_of(
        copy.deepcopy(body | {"status": body["status"] | {"history": entries}})
    )
