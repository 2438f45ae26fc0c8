"""Events for `kubectl describe`: one on each transition, none at rest, and nothing depends on them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from iris_api import kinds, reasons
from iris_operator import errors
from iris_operator.act import events
from iris_operator.decide.verdict import Verdict

from tests.fakes.cluster import Call, FakeCluster
from tests.operator import bodies

SERVING = Verdict(ready=True, reason=reasons.SERVING, message="2 of 2 pods prove version 1.4.0")
STALLED = Verdict(ready=False, reason=reasons.IMAGE_PULL_FAILED, message="m" * 2000, stalled=True)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def was(status: str, reason: str) -> dict[str, Any]:
    return {"conditions": [{"type": "Available"}, {"type": "Ready", "status": status, "reason": reason}]}


@pytest.mark.parametrize(
    ("before", "verdict", "due"),
    [
        ({}, SERVING, True),
        ({"observedGeneration": -1}, SERVING, True),
        (was("True", reasons.SERVING), SERVING, False),
        (was("False", reasons.PROGRESSING), SERVING, True),
        (was("True", reasons.SUSPENDED), SERVING, True),
        (was("False", reasons.IMAGE_PULL_FAILED), STALLED, False),
    ],
    ids=["no status", "a fresh object", "at rest", "ready now", "another reason", "another message only"],
)
def test_an_event_is_due_only_on_a_transition(before: dict[str, Any], verdict: Verdict, due: bool) -> None:
    assert events.due(before, verdict) is due


def observed(generation: int) -> dict[str, Any]:
    return was("True", reasons.SERVING) | {"observedGeneration": generation}


def test_a_change_of_the_spec_that_changes_nothing_else_has_an_event() -> None:
    event = events.of_change(observed(4), 5, {"revision": "main@sha1:0a1b2c"})

    assert event == events.Event("SpecChanged", "generation 5, by main@sha1:0a1b2c")


@pytest.mark.parametrize("before", [{}, observed(5)], ids=["a fresh object", "at rest"])
def test_an_unchanged_spec_has_no_event(before: dict[str, Any]) -> None:
    assert events.of_change(before, 5, {}) is None


async def post(cluster: FakeCluster, verdict: Verdict) -> None:
    await events.post(cluster, bodies.body(), events.of(verdict), instance="iris-operator-1", now=NOW)


@pytest.mark.parametrize(("verdict", "kind"), [(SERVING, "Normal"), (STALLED, "Warning")])
async def test_an_event_has_the_object_and_what_happened(verdict: Verdict, kind: str) -> None:
    cluster = FakeCluster()

    await post(cluster, verdict)

    [event], _ = await cluster.list(kinds.EVENT, "iris", None)
    assert (event["type"], event["reason"], event["action"]) == (kind, verdict.reason, "Reconcile")
    assert event["note"] == verdict.message[:1000]
    assert event["eventTime"] == "2026-11-23T12:00:00.000000Z"
    assert event["regarding"]["uid"] == "uid-of-iris-iris"
    assert event["metadata"]["name"].startswith("iris.")


async def test_no_state_depends_on_an_event(caplog: pytest.LogCaptureFixture) -> None:
    async def refuse(_: Call) -> None:
        raise errors.ClusterError(403, "events are forbidden")

    cluster = FakeCluster()
    cluster.before = refuse

    await post(cluster, SERVING)

    assert "events are forbidden" in caplog.text
