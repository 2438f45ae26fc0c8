"""What keeps pods from serving: every cause from what Kubernetes reports, in the documented words."""

from collections.abc import Mapping
from typing import Any

import pytest
from iris_api import causes
from iris_api.causes import CAUSES, Cause
from iris_operator.decide import checks
from iris_operator.observe import causes as found_causes
from iris_operator.observe import workload

from tests.operator.situations import facts
from tests.operator.workload_bodies import (
    deployment,
    ended,
    pod,
    replica_set,
    unschedulable,
    waiting,
)

NEWEST = [replica_set(2)]


def failed(name: str = "iris-2-z", **changes: Any) -> dict[str, Any]:
    """A pod that its node has ended for good."""
    why = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
    body = pod(name, ready=False, **changes)
    return {**body, "status": {**body["status"], **why}}


def lost() -> dict[str, Any]:
    """A pod whose node is silent: its kubelet said last that the containers are ready."""
    body = pod(ready=False)
    body["status"]["conditions"].append({"type": "ContainersReady", "status": "True"})
    return {**body, "spec": {"nodeName": "node-1"}}


def gated() -> dict[str, Any]:
    return {**lost(), "spec": {"nodeName": "node-1", "readinessGates": [{"conditionType": "x.test/warm"}]}}


def unseen() -> dict[str, Any]:
    return {**pod(ready=False), "status": {"phase": "Pending"}}


PAUSED = deployment(available=1, spec={"replicas": 2, "paused": True})
REFUSED = deployment(available=0, refusal='pods "iris-2-x" is forbidden: exceeded quota: small')
WAITING = deployment(available=1)
OUT_OF_MEMORY = ended(137, "the last lines of the log", "OOMKilled")
# By cause: the Deployment, a pod, and the words.
TABLE: Mapping[str, tuple[Cause, Mapping[str, Any], Mapping[str, Any], str]] = {
    "refused": (
        causes.PODS_REFUSED,
        REFUSED,
        pod(),
        "pods cannot be created: forbidden: exceeded quota: small",
    ),
    "paused": (causes.PAUSED, PAUSED, pod(), "the Deployment is paused"),
    "unschedulable": (
        causes.UNSCHEDULABLE,
        WAITING,
        unschedulable("iris-2-a", "0/1 nodes are available"),
        "pod iris-2-a cannot be scheduled: 0/1 nodes are available",
    ),
    "out of memory": (
        causes.OUT_OF_MEMORY,
        WAITING,
        pod(ready=False, last=OUT_OF_MEMORY),
        "pod iris-2-a: exit code 137: OOMKilled",
    ),
    "ended": (
        causes.ENDED,
        WAITING,
        pod(ready=False, state=waiting("CrashLoopBackOff"), last=ended(1, "boom")),
        "pod iris-2-a: exit code 1: boom",
    ),
    "waiting": (
        causes.WAITING,
        WAITING,
        pod(ready=False, state=waiting("CreateContainerConfigError", "no such key")),
        "pod iris-2-a: CreateContainerConfigError: no such key",
    ),
    "node lost": (causes.NODE_LOST, WAITING, lost(), "pod iris-2-a: node node-1 does not answer"),
    "failed": (
        causes.FAILED,
        WAITING,
        failed(),
        "pod iris-2-z failed: Evicted: The node was low on resource: memory.",
    ),
    "gates": (
        causes.GATES_CLOSED,
        WAITING,
        gated(),
        "pod iris-2-a is waiting for its readiness gates x.test/warm",
    ),
    "not scheduled": (causes.NOT_SCHEDULED, WAITING, unseen(), "pod iris-2-a is waiting for the scheduler"),
    "not ready": (causes.NOT_READY, WAITING, pod(ready=False), "pod iris-2-a is running but not ready"),
}


@pytest.mark.parametrize(("cause", "live", "body", "words"), TABLE.values(), ids=TABLE)
def test_a_cause_is_found_and_is_in_the_message_of_ready(
    cause: Cause, live: Mapping[str, Any], body: Mapping[str, Any], words: str
) -> None:
    seen = workload.observe(live, NEWEST, [body])

    found = next(found_causes.of(seen))

    message = checks.judge(facts(live, [body], {})).message
    assert (found.cause, found.text) == (cause, words)
    assert (words in message) != found.is_passing


def test_every_cause_has_its_situation() -> None:
    assert [cause for cause, *_ in TABLE.values()] == list(CAUSES)


def test_a_cause_that_every_rollout_has_for_a_moment_is_named_once_the_deadline_has_passed() -> None:
    late = deployment(available=1, progress="ProgressDeadlineExceeded")

    message = checks.judge(facts(late, [pod(ready=False)], {})).message

    assert message.endswith("; pod iris-2-a is running but not ready")


@pytest.mark.parametrize("restarts", [0, 9])
def test_a_pod_that_failed_long_ago_stalls_nothing(restarts: int) -> None:
    """Kubernetes keeps a failed pod for its logs, also after the ReplicaSet has replaced it."""
    over = failed(restarts=restarts, last=ended(65))

    found = checks.judge(facts(pods=[pod("iris-2-a"), pod("iris-2-b"), over]))

    assert found.ready


def test_a_suspended_model_names_what_holds_up_its_pods() -> None:
    found = checks.judge(facts(PAUSED, [pod(ready=False)], {}, suspended=True))

    assert found.message.endswith("is not serving; the Deployment is paused")
