"""What a Deployment, its ReplicaSets and its pods say about the roll-out."""

from datetime import UTC, datetime
from typing import Any

import pytest
from iris_operator.observe import workload
from iris_operator.observe.workload import OlderPod, Pod

from tests.operator import workload_bodies
from tests.operator.workload_bodies import deployment, ended, pod, replica_set, terminating, waiting

OLD, NEW = replica_set(1), replica_set(2)
VERSION = {"app.kubernetes.io/version": "1.3.0"}
ENDED = datetime(2026, 11, 23, 12, 0, 31, tzinfo=UTC)


def seen_pod(raw: dict[str, Any]) -> Pod:
    [found] = workload.observe(deployment(), [OLD, NEW], [raw]).pods
    return found


def test_the_observer_reports_nothing_without_a_deployment() -> None:
    assert workload.observe(None, [NEW], [pod()]) == workload.NOTHING


@pytest.mark.parametrize(
    ("live", "seen", "complete"),
    [
        (deployment(), True, True),
        (deployment(observed=1), False, False),
        (deployment(updated=1), True, False),
        (deployment(total=3), True, False),
        (deployment(available=1), True, False),
        (deployment(wanted=3), True, False),
        (deployment(wanted=0, updated=0, total=0, available=0), True, True),
        (deployment(status={}), False, False),
        (deployment(status=None), False, False),
    ],
    ids=[
        "rolled out",
        "not acted on yet",
        "one pod still to replace",
        "one old pod still there",
        "one pod not ready",
        "scaling up",
        "scaled to zero",
        "just created",
        "no status at all",
    ],
)
def test_the_observer_detects_a_complete_rollout(live: dict[str, Any], seen: bool, complete: bool) -> None:
    found = workload.observe(live, [OLD, NEW], [])

    assert (found.seen, found.complete) == (seen, complete)


def test_the_observer_counts_what_the_deployment_counts() -> None:
    found = workload.observe(deployment(wanted=4, updated=1, total=5, available=3), [NEW], [])

    assert (found.wanted, found.updated, found.replicas, found.ready) == (4, 1, 5, 3)


@pytest.mark.parametrize(
    ("live", "exceeded"),
    [
        (deployment(progress="ProgressDeadlineExceeded"), True),
        (deployment(progress="ReplicaSetUpdated"), False),
        (deployment(progress="ProgressDeadlineExceeded", observed=1), False),
    ],
    ids=["passed", "on the way", "of an older intent"],
)
def test_the_observer_detects_a_passed_deadline(live: dict[str, Any], exceeded: bool) -> None:
    assert workload.observe(live, [NEW], []).deadline_exceeded is exceeded


def test_the_observer_counts_only_pods_of_the_newest_replica_set_as_new() -> None:
    pods = [pod("a", revision=1), pod("b", revision=2), pod("c", revision=3)]

    found = workload.observe(deployment(), [NEW, OLD, replica_set(9, owner="somebody else")], pods)

    assert [(seen.name, seen.newest) for seen in found.pods] == [("a", False), ("b", True), ("c", False)]
    assert [seen.name for seen in found.newest] == ["b"]


def test_the_observer_orders_revisions_as_numbers() -> None:
    found = workload.observe(
        deployment(revision="10"), [replica_set(9), replica_set(10)], [pod("a", revision=10)]
    )

    assert found.pods[0].newest


def test_the_observer_calls_no_pod_new_while_the_deployment_is_ahead_of_the_replica_sets() -> None:
    """Two watches, no order between them: the Deployment's status came, its new ReplicaSet did not yet.

    The old pods looked like new ones that answer a wrong version, and a good roll-out was called Stalled.
    """
    found = workload.observe(deployment(revision="2", updated=0), [OLD], [pod("a", revision=1)])

    assert found.newest == ()


def test_the_observer_calls_no_pod_new_before_the_deployment_was_acted_on() -> None:
    assert workload.observe(deployment(observed=1), [NEW], [pod()]).newest == ()


def test_the_observer_leaves_out_a_pod_that_is_on_its_way_out() -> None:
    leaving = pod()
    leaving["metadata"]["deletionTimestamp"] = workload_bodies.SCHEDULED

    assert workload.observe(deployment(), [NEW], [leaving]).pods == ()


@pytest.mark.parametrize(
    ("raw", "older"),
    [
        (pod(), []),
        (pod("a", revision=1), [OlderPod("a", "", None)]),
        (pod("a", revision=1, labels=VERSION), [OlderPod("a", "1.3.0", None)]),
        (pod("a", revision=1, ready=False), []),
        (terminating(pod("a", revision=1), "2026-11-23T12:01:10Z"), [OlderPod("a", "", ENDED)]),
        (terminating(pod("a", revision=1, ready=False), "2026-11-23T12:01:10Z"), [OlderPod("a", "", ENDED)]),
        (terminating(pod("a", revision=1), "2026-11-23T12:00:30Z", grace=None), [OlderPod("a", "", ENDED)]),
        (terminating(pod(), "2026-11-23T12:01:10Z"), []),
    ],
    ids=[
        "a new one",
        "an older one that serves",
        "with its version",
        "an older one that is not ready",
        "terminating",
        "terminating and no longer ready",
        "terminating without a grace period",
        "a new one that terminates",
    ],
)
def test_the_observer_finds_older_pods_that_routers_may_still_use(
    raw: dict[str, Any], older: list[OlderPod]
) -> None:
    """The moment of the DELETE, rounded up: the API server's times are whole seconds, rounded down."""
    assert list(workload.observe(deployment(), [OLD, NEW], [raw]).older) == older


def test_the_observer_reads_a_pod() -> None:
    assert seen_pod(pod()) == Pod(
        name="iris-2-a",
        uid="uid-of-iris-2-a",
        address="10.0.0.7",
        container_id="containerd://iris-2-a-0",
        newest=True,
        ready=True,
        ready_at=None,
        restarts=0,
        scheduled_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
        waiting_reason="",
        waiting_message="",
        exit_code=None,
        exit_message="",
    )


def test_the_observer_reads_a_pod_that_nobody_has_looked_at_yet() -> None:
    raw = pod()
    raw["status"] = {}

    found = seen_pod(raw)

    assert (found.address, found.container_id, found.ready, found.scheduled_at) == (None, "", False, None)


@pytest.mark.parametrize(
    ("state", "last", "code", "message"),
    [
        (ended(65, "artifact refused: x\n"), {}, 65, "artifact refused: x"),
        (waiting("CrashLoopBackOff"), ended(1, "Traceback"), 1, "Traceback"),
        (waiting("CrashLoopBackOff"), ended(137, reason="OOMKilled"), 137, "OOMKilled"),
        (ended(65, "now"), ended(1, "before"), 65, "now"),
    ],
    ids=["just ended", "waiting to be started again", "killed without a word", "the last end counts"],
)
def test_the_observer_reports_how_the_server_ended(
    state: dict[str, Any], last: dict[str, Any], code: int, message: str
) -> None:
    found = seen_pod(pod(ready=False, state=state, last=last))

    assert (found.exit_code, found.exit_message) == (code, message)


@pytest.mark.parametrize(
    ("reason", "failed"),
    [
        ("ErrImagePull", True),
        ("ImagePullBackOff", True),
        ("InvalidImageName", True),
        ("ErrImageNeverPull", True),
        ("RegistryUnavailable", True),
        ("SignatureValidationFailed", True),
        ("ContainerCreating", False),
        ("CrashLoopBackOff", False),
    ],
)
def test_the_observer_detects_an_image_that_cannot_be_pulled(reason: str, failed: bool) -> None:
    assert workload.cannot_pull(seen_pod(pod(ready=False, state=waiting(reason)))) is failed


@pytest.mark.parametrize("failure", ["ErrImagePull", "RegistryUnavailable"])
def test_a_try_to_pull_and_the_back_off_after_it_are_one_state(failure: str) -> None:
    """The two take turns for as long as the image is missing: each turn was a new status."""
    why = f'pull access denied for "a/b:1": {failure}: not found'
    back_off = waiting("ImagePullBackOff", f'Back-off pulling image "a/b:1": {failure}: {why}')

    assert seen_pod(pod(ready=False, state=waiting(failure, why))) == seen_pod(
        pod(ready=False, state=back_off)
    )


@pytest.mark.parametrize(
    ("raw", "refused"),
    [
        (pod(ready=False, state=ended(65)), True),
        (pod(ready=False, last=ended(65)), True),
        (pod(ready=False, state=ended(1)), False),
        (pod(ready=True, last=ended(65)), False),
    ],
    ids=["ended", "started again", "another exit code", "ready by now"],
)
def test_the_observer_recognises_a_refused_artifact_by_its_exit_code(
    raw: dict[str, Any], refused: bool
) -> None:
    assert workload.refused_artifact(seen_pod(raw)) is refused


@pytest.mark.parametrize(
    ("ready", "restarts", "crashing"), [(False, 2, False), (False, 3, True), (True, 7, False)]
)
def test_the_observer_recognises_a_crash_loop_by_its_restarts(
    ready: bool, restarts: int, crashing: bool
) -> None:
    assert workload.crashing(seen_pod(pod(ready=ready, restarts=restarts)), 3) is crashing
