"""`iris history`: what the cluster still has of former rollouts, from events and the last one's status."""

from iris_cli.rollouts import past

from tests.cli.snapshots import Body, model

REJECTED = {
    "version": "2.0.0",
    "reason": "GateFailed",
    "message": "gate shift: found a difference of at least 120 per 1,000",
    "at": "2026-11-23T12:08:00Z",
}
ROLLED_BACK = "version 2.0.0 was rolled back (GateFailed: gate shift: …); version 1.1.0 is serving"


def event(reason: str, at: str, message: str, *, name: str = "iris", kind: str = "IrisModel") -> Body:
    return {
        "involvedObject": {"kind": kind, "name": name},
        "reason": reason,
        "message": message,
        "eventTime": f"2026-11-23T{at}.250000Z",
    }


def refused() -> Body:
    """Version 2.0.0 was refused by a gate, 1.1.0 was promoted before."""
    body = model()
    body["status"]["history"] = [
        {"version": "2.0.0", "from": "2026-11-23T12:05:00Z", "outcome": "RolledBack"},
        {"version": "1.1.0", "from": "2026-11-23T11:00:00Z", "outcome": "Served"},
    ]
    body["status"]["rollout"] = {
        "state": "RolledBack",
        "candidate": {"version": "2.0.0"},
        "stable": {"version": "1.1.0"},
        "startedAt": "2026-11-23T12:05:00Z",
        "rejected": REJECTED,
    }
    return body


def test_the_rollouts_of_a_model_are_told_newest_first_by_its_events() -> None:
    events = [
        event("RolloutStarted", "11:00:01", "version 1.1.0 is compared with 1.0.0 before it serves"),
        event("RolloutPromoted", "11:04:00", "version 1.1.0 has replaced 1.0.0"),
        event("RolloutStarted", "12:05:00", "version 2.0.0 is compared with 1.1.0 before it serves"),
        event("StepReached", "12:06:00", "version 2.0.0: step 1 of 3, 5 % of the requests"),
        event("RolledBack", "12:08:00", ROLLED_BACK),
        event("Serving", "11:04:01", "version 1.1.0"),
        event("RolledBack", "12:08:00", ROLLED_BACK, name="other"),
        event("RolledBack", "12:08:00", ROLLED_BACK, kind="Deployment"),
    ]

    found = past.of(refused(), events)

    assert [(one.event, one.version) for one in found] == [
        ("RolledBack", "2.0.0"),
        ("StepReached", "2.0.0"),
        ("RolloutStarted", "2.0.0"),
        ("RolloutPromoted", "1.1.0"),
        ("RolloutStarted", "1.1.0"),
    ]
    assert found[0].cells() == ["2026-11-23T12:08:00Z", "2.0.0", "RolledBack", ROLLED_BACK]


def test_the_status_has_the_last_rollout_when_its_events_have_expired() -> None:
    assert [one.cells() for one in past.of(refused(), [])] == [
        [
            "2026-11-23T12:08:00Z", "2.0.0", "RolledBack",
            "GateFailed: gate shift: found a difference of at least 120 per 1,000",
        ],
        ["2026-11-23T12:05:00Z", "2.0.0", "RolloutStarted", "version 2.0.0 is compared with 1.1.0"],
    ]  # fmt: skip


def test_an_older_event_of_the_same_version_hides_nothing() -> None:
    earlier = event("RolledBack", "10:00:00", ROLLED_BACK)

    found = past.of(refused(), [earlier])

    assert [one.event for one in found] == ["RolledBack", "RolloutStarted", "RolledBack"]


def test_programs_get_what_happened_with_the_version_it_happened_to() -> None:
    events = [
        event("RolloutStarted", "11:00:01", "version 1.1.0 is compared with 1.0.0 before it serves"),
        event("SplitImpossible", "12:06:00", "found no Gateway a/b; 1.1.0 serves"),
    ]
    body = refused()

    refusal, served = past.attached(body["status"]["history"], past.of(body, events))

    assert [row["event"] for row in refusal["rollout"]] == ["RolloutStarted", "SplitImpossible", "RolledBack"]
    assert served["rollout"] == [
        {
            "at": "2026-11-23T11:00:01Z",
            "event": "RolloutStarted",
            "detail": "version 1.1.0 is compared with 1.0.0 before it serves",
        }
    ]


def test_a_model_without_rollouts_has_its_history_as_it_was() -> None:
    body = refused()
    del body["status"]["rollout"]

    assert past.of(body, []) == []
    assert past.attached(body["status"]["history"], []) == body["status"]["history"]


def test_a_rollout_of_a_version_that_has_left_the_history_is_with_no_other() -> None:
    body = refused()
    gone = event("RolloutPromoted", "09:00:00", "version 0.9.0 has replaced 0.8.0")

    entries = past.attached(body["status"]["history"], past.of(body, [gone]))

    assert [row["event"] for row in entries[0]["rollout"]] == ["RolloutStarted", "RolledBack"]
    assert "rollout" not in entries[1]
