"""Facts to verdict: every situation with its reason, its message and when to look again."""

from datetime import timedelta
from typing import Any

import pytest
from iris_api import reasons
from iris_operator.decide import checks
from iris_operator.decide.facts import SETTLE, Facts
from iris_operator.observe.proof import Proof

from tests.operator import situations
from tests.operator.situations import BOTH, GOOD, OLD, SITUATIONS, at, facts, fault, rolling, unready
from tests.operator.workload_bodies import deployment, ended, pod, unschedulable, waiting

ROLLING = "rolling out version 1.4.0: 0 of 2 new pods ready, 1 older pod left"
BACK_OFF = waiting("CrashLoopBackOff", "back-off 10s restarting failed container=server pod=iris-2-a")


@pytest.mark.parametrize(
    ("known", "ready", "reconciling", "stalled", "reason"), SITUATIONS.values(), ids=SITUATIONS
)
def test_the_status_distinguishes_every_situation(
    known: Facts, ready: bool, reconciling: bool, stalled: bool, reason: str
) -> None:
    verdict = checks.judge(known)

    assert (verdict.ready, verdict.reconciling, verdict.stalled, verdict.reason) == (
        ready,
        reconciling,
        stalled,
        reason,
    )


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (facts(), "2 of 2 pods prove version 1.4.0"),
        (facts(fault=fault("InvalidSpec")), "the message of InvalidSpec"),
        (rolling(unready()), ROLLING),
        (
            rolling(unready(state=waiting("ErrImagePull", "no such tag"))),
            "pod iris-2-a: ErrImagePull: no such tag",
        ),
        (
            rolling(unready(state=ended(65, "artifact refused: version: found 1, expected 2"))),
            "pod iris-2-a: artifact refused: version: found 1, expected 2",
        ),
        (
            rolling(unready(last=ended(1, "Traceback"), restarts=3)),
            "pod iris-2-a: 3 restarts, exit code 1: Traceback",
        ),
        (
            facts(proofs={"iris-2-a": GOOD, "iris-2-b": OLD}),
            "pod iris-2-b: found model version 1.3.0, expected 1.4.0",
        ),
        (
            rolling(unready(last=ended(1, "Traceback"), restarts=1)),
            f"{ROLLING}; pod iris-2-a: exit code 1: Traceback",
        ),
        (
            rolling(unready(state=BACK_OFF, last=ended(1, "Traceback"), restarts=1)),
            f"{ROLLING}; pod iris-2-a: exit code 1: Traceback",
        ),
        (
            rolling(unschedulable("iris-2-a", "0/1 nodes are available: 1 Insufficient cpu.")),
            f"{ROLLING}; pod iris-2-a cannot be scheduled: 0/1 nodes are available: 1 Insufficient cpu.",
        ),
        (
            rolling(refusal='pods "iris-2-xyz" is forbidden: exceeded quota: small'),
            f"{ROLLING}; pods cannot be created: forbidden: exceeded quota: small",
        ),
        (
            rolling(refusal="no account", progress="ProgressDeadlineExceeded"),
            f"no progress within spec.progressDeadlineSeconds; {ROLLING}; pods cannot be created: no account",
        ),
        (
            facts(pods=[*BOTH, situations.leaving(1)]),
            "waiting until the routers have dropped the pods of version 1.3.0",
        ),
        (
            facts(pods=[*BOTH, situations.leaving(1)], suspended=True),
            "suspended: children are not changed; the declared version 1.4.0 is not serving",
        ),
        (
            facts(deployment(available=1), [unready(last=ended(137, reason="OOMKilled")), BOTH[1]]),
            "1 of 2 pods of version 1.4.0 ready; pod iris-2-a: exit code 137: OOMKilled",
        ),
    ],
)
def test_the_status_has_what_was_found_and_where(known: Facts, message: str) -> None:
    assert checks.judge(known).message == message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"fault": fault("InvalidSpec")}, {"suspended": True}),
        ({"suspended": True}, {"pods": [unready(state=ended(65)), pod("iris-2-b")]}),
        ({"pods": [unready(state=ended(65)), pod("iris-2-b", ready=False, restarts=3)]}, {}),
        ({"pods": [unready(state=waiting("ErrImagePull"))]}, {"live": deployment(progress="x", updated=1)}),
    ],
    ids=[
        "a fault before suspended",
        "suspended before pods",
        "refused before crashing",
        "pull before progress",
    ],
)
def test_the_status_has_the_more_specific_of_two_reasons(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    alone, together = checks.judge(facts(**first)), checks.judge(facts(**{**second, **first}))

    assert together.reason == alone.reason


@pytest.mark.parametrize(
    ("known", "seconds"),
    [
        (facts(), None),
        (rolling(unready()), 600.1),
        (rolling(unready(), since=situations.NOW - timedelta(seconds=500)), 100.1),
        (rolling(unready(state=ended(65))), None),
        (rolling(unready(state=waiting("ErrImagePull")), now=situations.NOW.replace(second=10)), 20.1),
        (facts(proofs={"iris-2-a": Proof(failure="no answer"), "iris-2-b": GOOD}), 2.0),
        (facts(proofs={"iris-2-a": OLD, "iris-2-b": GOOD}), 10.0),
        (facts(pods=[*BOTH, situations.leaving(1)]), SETTLE.total_seconds() + 0.1),
        (facts(pods=[*BOTH, situations.leaving(1)], suspended=True), SETTLE.total_seconds() + 0.1),
        (facts(pods=[*BOTH, situations.leaving(20)]), None),
    ],
    ids=[
        "serving",
        "the deadline begins",
        "the deadline is near",
        "stalled",
        "patience runs out",
        "ask again",
        "a reload may cure it",
        "an older pod terminates",
        "an older pod terminates, suspended",
        "an older pod has terminated for long",
    ],
)
def test_the_status_is_due_again_only_when_a_clock_can_change_the_verdict(
    known: Facts, seconds: float | None
) -> None:
    assert checks.look_again(known, checks.judge(known)) == (
        None if seconds is None else pytest.approx(seconds)
    )


def test_a_model_is_ready_as_soon_as_older_pods_no_longer_answer() -> None:
    """From the moment of the DELETE on, whatever the operator has seen before: it may have been restarted."""
    known = facts(pods=[*BOTH, situations.leaving(1)])
    due = situations.NOW + SETTLE

    before, after = checks.judge(at(known, due - timedelta(seconds=0.1))), checks.judge(at(known, due))

    assert (before.ready, after.ready) == (False, True)


def test_a_closed_model_is_ready_when_older_pods_are_gone_or_were_killed() -> None:
    """On an open connection a pod answers a revoked client, or one without a key, until its drain ends."""
    ports = [{"name": "management", "containerPort": 8001}]
    closed = [{**each, "spec": {"containers": [{"name": "server", "ports": ports}]}} for each in BOTH]
    known = facts(pods=[*closed, situations.leaving(1)])
    killed = situations.NOW + timedelta(seconds=41)

    assert not checks.judge(at(known, killed - timedelta(seconds=0.1))).ready
    assert checks.look_again(known, checks.judge(known)) == pytest.approx(41.1)
    assert checks.judge(at(known, killed)).ready
    assert checks.judge(facts(pods=closed)).ready


def test_every_reason_has_its_situation() -> None:
    found_reasons = {row[4] for row in SITUATIONS.values()}

    assert found_reasons == {row.reason for row in reasons.READY}
