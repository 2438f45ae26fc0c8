"""Judges that can say no, without any cluster."""

from typing import Any

import pytest

from tests.faults import oracles
from tests.harness.proxy import Written
from tests.harness.proxy_targets import Call

STATUS = b'{"status": {"observedGeneration": 2, "conditions": [{"type": "Ready", "reason": "Serving"}]}}'


def status_write(ready: str = "True", serving: str = "1.0.0") -> Written:
    row = {"type": "Ready", "status": ready, "observedGeneration": 1}
    answer = {
        "metadata": {"name": "iris", "uid": "u"},
        "status": {"conditions": [row], "servingVersion": serving},
    }
    return Written(10.0, 10.0, Call("PATCH", "irismodels", "iris", "status", b""), 200, answer)


PROVEN = {("iris", "1.0.0", "a"): 1.0, ("iris", "1.0.0", "b"): 2.0}


@pytest.mark.parametrize(
    ("write", "proven", "wrong"),
    [
        (status_write(), PROVEN, 0),
        (status_write(ready="False"), {}, 0),
        (status_write(), {("iris", "1.0.0", "a"): 1.0}, 1),
        (status_write(), {**PROVEN, ("iris", "1.0.0", "b"): 11.0}, 1),
        (status_write(), {("iris", "1.1.0", "a"): 1.0, ("iris", "1.1.0", "b"): 2.0}, 1),
        (status_write(serving="1.1.0"), PROVEN, 1),
    ],
    ids=["proven", "not ready", "one of two pods", "asked afterwards", "another version", "says another"],
)
def test_ready_is_wrong_before_enough_pods_have_answered(
    write: Written, proven: dict[tuple[str, str, str], float], wrong: int
) -> None:
    declared = {("u", 1): {"version": "1.0.0", "replicas": 2}}

    assert len(oracles.unproven([write], declared, proven)) == wrong


def refused(status: str, message: str) -> Written:
    row = {"type": "Ready", "status": status, "message": message, "observedGeneration": 1}
    answer = {"status": {"conditions": [row], "servingVersion": ""}}
    return Written(10.0, 10.0, Call("PATCH", "irismodels", "iris", "status", b""), 200, answer)


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ([refused("False", "Service iris: 422 made up by the test: a field is invalid")], 0),
        ([refused("False", "rolling out"), refused("False", "made up by the test")], 0),
        ([refused("True", "2 of 2 pods prove version 1.0.0")], 1),
        ([], 1),
    ],
    ids=["reported", "reported later", "Ready all the time", "no status"],
)
def test_a_refusal_is_unexplained_where_no_condition_has_its_words(
    written: list[Written], wrong: int
) -> None:
    assert len(oracles.unexplained(written, "PATCH services/iris")) == wrong


@pytest.mark.parametrize(
    ("call", "ours"),
    [
        (Call("PATCH", "services", "iris", "", b""), True),
        (Call("PATCH", "irismodels", "iris", "status", b""), True),
        (Call("PATCH", "irismodels", "iris", "status", STATUS), True),
        (Call("PATCH", "irismodels", "iris", "", b""), False),
        (Call("PATCH", "services", "theirs", "", b""), False),
        (Call("DELETE", "configmaps", "bystander", "", b""), False),
        (Call("DELETE", "pods", "iris-1", "", b""), False),
    ],
    ids=["child", "status", "status of a state", "spec", "their service", "bystander", "pod"],
)
def test_a_write_to_anything_else_is_a_stray(call: Call, ours: bool) -> None:
    assert (oracles.strays([Written(0.0, 0.0, call, 200, {})]) == []) is ours


@pytest.mark.parametrize(
    ("line", "mode", "allowed"),
    [
        ("t INFO iris_operator.act.apply applied Service a/iris: created", "cut", True),
        (
            "t WARNING iris_operator.runtime.workers IrisModel a/iris: 500 made up by the test",
            "500",
            True,
        ),
        ("t ERROR iris_operator.runtime.workers IrisModel a/iris: unexpected; trying again", "500", False),
        (
            "t WARNING iris_operator.runtime.workers IrisModel a/iris: 403 no; trying again",
            "cut",
            False,
        ),
        ("Traceback (most recent call last):", "cut", False),
    ],
    ids=["at rest", "the plan's own refusal", "a bug", "a right that is missing", "a stack"],
)
def test_the_comparison_reports_lines_that_no_fault_explains(line: str, mode: str, allowed: bool) -> None:
    assert (oracles.complaints(line, mode) == []) is allowed


def model(**status: Any) -> dict[str, Any]:
    row = {"type": "Ready", "status": "True", "observedGeneration": 3, "lastTransitionTime": "now"}
    whole = {"observedGeneration": 3, "servingVersion": "1.0.0", "conditions": [row], **status}
    return {"metadata": {"generation": 3, "uid": "u"}, "spec": {"version": "1.0.0"}, "status": whole}


def test_two_good_runs_are_equal_in_whichever_namespace() -> None:
    one = {
        "metadata": {"namespace": "lane-1", "uid": "a", "resourceVersion": "7"},
        "spec": {"host": "lane-1.test"},
    }
    other = {
        "metadata": {"namespace": "lane-12", "uid": "b", "resourceVersion": "9"},
        "spec": {"host": "lane-12.test"},
    }

    states = [oracles.normalise({"Ingress/iris": body, "IrisModel/iris": model()}) for body in (one, other)]

    assert oracles.differences(*states) == []


@pytest.mark.parametrize(
    "changed",
    [model(servingVersion="1.1.0"), model(observedGeneration=2), None],
    ids=["serves another", "has not seen the newest", "is not there"],
)
def test_the_comparison_names_what_differs_in_the_end(changed: dict[str, Any] | None) -> None:
    good = oracles.normalise({"IrisModel/iris": model()})

    found = oracles.differences(good, oracles.normalise({"IrisModel/iris": changed} if changed else {}))

    assert found
    assert all(line.startswith("IrisModel/iris") for line in found)


def test_the_planner_counts_lives_by_what_the_api_server_answered() -> None:
    written = [
        Written(0.0, 0.0, Call("PATCH", "services", "iris", "", b""), 201, {}),
        Written(0.0, 0.0, Call("PATCH", "services", "iris", "", b""), 200, {}),
        Written(0.0, 0.0, Call("PATCH", "services", "iris", "", b""), 409, {}),
        Written(0.0, 0.0, Call("DELETE", "services", "iris", "", b""), 200, {}),
        Written(0.0, 0.0, Call("DELETE", "services", "iris", "", b""), 404, {}),
        Written(0.0, 0.0, Call("POST", "events", "", "", b""), 201, {}),
    ]

    assert oracles.lives(written) == {"created services/iris": 1, "deleted services/iris": 1}


def test_a_share_of_the_requests_needs_pods_that_have_answered() -> None:
    containers = [{"image": "iris-server:1.1.0"}]
    candidate = {"spec": {"replicas": 2, "template": {"spec": {"containers": containers}}}}
    refs = [{"name": "iris", "weight": 80}, {"name": "iris-canary", "weight": 20}]
    route = {"spec": {"rules": [{"backendRefs": refs}]}}
    written = [
        Written(1.0, 1.0, Call("PATCH", "deployments", "iris-canary", "", b""), 201, candidate),
        Written(5.0, 5.0, Call("PATCH", "httproutes", "iris", "", b""), 200, route),
    ]
    one, late = {("iris", "1.1.0", "127.0.0.1"): 2.0}, {("iris", "1.1.0", "127.0.0.2"): 6.0}

    assert oracles.unproven_weights(written, one | {("iris", "1.1.0", "127.0.0.2"): 4.0}) == []
    assert oracles.unproven_weights(written, one | late) == [
        "weight 20 for iris-canary: found 1 pods of version '1.1.0' that had answered, expected 2"
    ]


def test_the_comparison_of_rollouts_leaves_out_moments_and_what_requests_have_counted() -> None:
    def rolled_back(requests: int, verdict: str = "Fail") -> dict[str, Any]:
        gate = {"name": "failed", "verdict": verdict, "requests": requests}
        why = f"shows a difference of at least {requests} per 1,000 after {requests} requests, expected"
        moment = f"2026-11-27T12:00:{requests}Z"
        rejected = {"at": moment, "reason": "GateFailed", "message": why}
        rollout = {"state": "RolledBack", "since": moment, "looks": requests, "gates": [gate]}
        rollout["rejected"] = rejected
        return oracles.normalise({"IrisModel/iris": model(rollout=rollout)})

    assert oracles.differences(rolled_back(30), rolled_back(45)) == []
    assert oracles.differences(rolled_back(30), rolled_back(30, "Pass")) != []
