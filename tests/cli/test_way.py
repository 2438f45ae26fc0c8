"""The way of a version from its spec to its clients: which step is done, which is not, and since when."""

from dataclasses import replace
from datetime import UTC, datetime

from iris_cli import way

from tests.cli import snapshots
from tests.cli.snapshots import condition, model, pod, snapshot


def minute(number: int) -> datetime:
    return datetime(2026, 11, 23, 12, number, tzinfo=UTC)


def ready(name: str, moment: str) -> snapshots.Body:
    found = pod(name, conditions={"Ready": "True"})
    found["status"]["conditions"][-1]["lastTransitionTime"] = moment
    return found


def test_a_version_that_serves_has_taken_every_step() -> None:
    body = model(
        condition("Ready", "True", "Serving"),
        condition("RouteReady", "True", "Admitted", "http://iris.test"),
        serving="1.1.0",
    )
    body["status"]["history"] = [{"version": "1.1.0", "servedFrom": "2026-11-23T12:08:00Z"}]
    pods = ready("one", "2026-11-23T12:06:00Z"), ready("two", "2026-11-23T12:07:00Z")

    found = way.steps(snapshot(body, *pods))

    assert [(step.name, step.mark, step.since) for step in found] == [
        ("Spec", "ok", minute(9)),
        ("Objects", "ok", minute(5)),
        ("Pods", "ok", minute(7)),
        ("Proof", "ok", minute(8)),
        ("Route", "ok", minute(6)),
    ]
    assert found[4].text == "http://iris.test"


def test_a_version_without_an_image_stops_at_its_pods() -> None:
    waiting = pod("one", container={"state": {"waiting": {"reason": "ErrImagePull"}}})

    found = way.steps(snapshot(snapshots.stalled("ImagePullFailed"), waiting))

    assert [step.mark for step in found] == ["ok", "ok", "failed", "failed", "ok"]
    assert found[2].text == "0 of 2 wanted pods are up to date and ready"
    assert found[3].text == "1.0.0 still answers"


def test_a_version_on_its_way_waits_and_has_not_failed() -> None:
    found = way.steps(snapshot(snapshots.progressing(), ready("one", "2026-11-23T12:06:00Z")))

    assert [step.mark for step in found] == ["ok", "ok", "waits", "waits", "ok"]


def test_a_spec_that_the_operator_has_not_seen_waits_at_its_first_step() -> None:
    body = model(condition("Ready", "True", "Serving"), generation=3)

    assert way.steps(snapshot(body))[0].mark == "waits"


def test_an_object_of_somebody_else_stops_the_way_at_the_objects() -> None:
    found = way.steps(snapshot(snapshots.stalled("ChildConflict")))

    assert (found[1].mark, found[1].text, found[1].since) == ("failed", "ChildConflict", minute(6))


def test_what_a_user_may_not_read_is_not_judged() -> None:
    bare = replace(
        snapshot(snapshots.serving()), deployments=(), replica_sets=(), unread=("deployments", "pods")
    )

    found = way.steps(bare)

    assert [step.mark for step in found] == ["ok", "unknown", "unknown", "ok", "ok"]
    assert found[2].text == "this user may not read pods"


def test_what_supports_a_model_stands_beside_its_way() -> None:
    body = model(
        condition("Ready", "True", "Serving"),
        condition("MonitoringReady", "False", "CRDNotInstalled", "no ServiceMonitor"),
        condition("AutoscalingReady", "True", "ScalingActive", "2 to 6 pods"),
    )

    assert [(step.name, step.mark, step.text) for step in way.beside(body)] == [
        ("Autoscaling", "ok", "2 to 6 pods"),
        ("Monitoring", "failed", "CRDNotInstalled: no ServiceMonitor"),
    ]
