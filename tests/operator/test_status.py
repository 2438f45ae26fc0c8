"""Facts to status: its fields and conditions, and the rules that all statuses keep."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_api import reasons
from iris_operator.decide import checks, status
from iris_operator.decide.facts import Facts
from iris_operator.observe.proof import Proof

from tests.operator import situations
from tests.operator.situations import DIGEST, GOOD, OLD, SITUATIONS, at, facts, fault, rolling, unready
from tests.operator.workload_bodies import deployment, ended, pod

FACTS = st.sampled_from([row[0] for row in SITUATIONS.values()])


def built(known: Facts, before: dict[str, Any] | None = None) -> dict[str, Any]:
    return status.build(known, checks.judge(known), before or {})


def condition(whole: dict[str, Any], kind: str) -> dict[str, Any]:
    [found] = [row for row in whole["conditions"] if row["type"] == kind]
    return dict(found)


@given(FACTS, FACTS)
def test_the_status_has_no_message_twice(earlier: Facts, known: Facts) -> None:
    first = built(known, built(earlier))

    later = at(known, known.now + timedelta(hours=1))
    again = status.build(later, checks.judge(known), first)

    assert again == first


@given(FACTS, FACTS, st.integers(1, 10_000))
def test_the_status_moves_the_transition_time_only_with_the_status(
    earlier: Facts, known: Facts, seconds: int
) -> None:
    before = built(earlier)
    later = at(known, earlier.now + timedelta(seconds=seconds))

    after = built(later, before)

    known_before = {row["type"]: row for row in before["conditions"]}
    for row in after["conditions"]:
        old = known_before.get(row["type"], {})
        moved = row["lastTransitionTime"] != old.get("lastTransitionTime")
        assert moved == (row["status"] != old.get("status"))


@given(FACTS)
def test_the_status_shows_reconciling_and_stalled_only_while_true(known: Facts) -> None:
    verdict = checks.judge(known)

    shown = {row["type"]: row["status"] for row in built(known)["conditions"]}

    assert ("Reconciling" in shown) == verdict.reconciling
    assert ("Stalled" in shown) == verdict.stalled
    assert {shown.get("Reconciling", "True"), shown.get("Stalled", "True")} == {"True"}
    assert not (verdict.reconciling and verdict.stalled)
    assert not (verdict.ready and (verdict.reconciling or verdict.stalled))


@given(FACTS, st.integers(1, 1000))
def test_the_status_stamps_every_condition_with_the_generation_of_the_pass(
    known: Facts, generation: int
) -> None:
    whole = built(dataclasses.replace(known, generation=generation))

    assert whole["observedGeneration"] == generation
    assert {row["observedGeneration"] for row in whole["conditions"]} == {generation}


def test_the_status_cuts_a_message_that_the_api_server_would_refuse() -> None:
    whole = built(rolling(unready(state=ended(65, "x" * 40_000))))

    assert len(condition(whole, "Ready")["message"]) == 1024


def test_the_whole_status_is_built() -> None:
    since = "2026-11-23T12:00:40Z"
    shared = {"observedGeneration": 2, "lastTransitionTime": since, "status": "True"}

    assert built(facts(parts=(situations.routed(),))) == {
        "observedGeneration": 2,
        "servingVersion": "1.4.0",
        "modelDigest": DIGEST,
        "replicas": 2,
        "readyReplicas": 2,
        "selector": "app.kubernetes.io/name=iris-server",
        "url": "http://iris.kube.two.inc",
        "conditions": [
            {
                "type": "Ready",
                "reason": "Serving",
                "message": "2 of 2 pods prove version 1.4.0",
                **shared,
            },
            {"type": "Available", "reason": "PodsAvailable", "message": "2 pods answer", **shared},
            {
                "type": "RouteReady",
                "reason": "RouteApplied",
                "message": "the Ingress routes http://iris.kube.two.inc",
                **shared,
            },
        ],
        "history": [
            {"version": "1.4.0", "from": since, "servedFrom": since, "outcome": "Serving", "digest": DIGEST}
        ],
    }


def test_the_status_reports_what_monitoring_lacks_and_leaves_ready_alone() -> None:
    lacking = built(facts(parts=(situations.monitored("ServiceMonitor"),)))
    whole = built(facts(parts=(situations.monitored(),)))

    found = condition(lacking, "MonitoringReady")
    assert (found["status"], found["reason"]) == ("False", "CRDNotInstalled")
    assert found["message"] == "found no API for ServiceMonitor, expected the CRDs of Prometheus Operator"
    assert condition(whole, "MonitoringReady")["reason"] == "MonitoringApplied"
    assert condition(whole, "MonitoringReady")["message"] == (
        "ServiceMonitor and PrometheusRule are applied; whether a Prometheus selects them is not checked"
    )
    assert condition(lacking, "Ready") == condition(whole, "Ready")
    assert "MonitoringReady" not in {row["type"] for row in built(facts())["conditions"]}


def test_the_status_names_the_declaring_commit_only_while_one_is_known() -> None:
    asked = {"revision": "main@sha1:0a1b2c", "kustomization": "flux-system/models"}

    known, unknown = built(facts(source=asked)), built(facts())

    assert known["source"] == asked
    assert known["history"][0]["revision"] == "main@sha1:0a1b2c"
    assert "source" not in unknown


def test_a_revision_that_was_read_late_belongs_to_the_version_of_that_generation() -> None:
    half = {"kustomization": "flux-system/models"}
    whole = {**half, "revision": "main@sha1:0a1b2c"}
    before = built(facts(source=half))

    assert "revision" not in before["history"][0]
    assert built(facts(source=whole), before)["history"][0]["revision"] == "main@sha1:0a1b2c"
    later = {**before, "observedGeneration": before["observedGeneration"] - 1}
    assert "revision" not in built(facts(source=whole), later)["history"][0]


@pytest.mark.parametrize(
    ("known", "available"),
    [
        (rolling(unready()), "True"),
        (rolling(unready(state=ended(65))), "True"),
        (facts(fault=fault("InvalidSpec")), "True"),
        (facts(proofs={}), "False"),
        (facts(proofs={"iris-2-a": Proof(failure="no answer")}), "False"),
    ],
    ids=["while a new one comes", "after a new one failed", "at fault", "not asked", "no answer"],
)
def test_the_status_is_available_while_any_good_pod_answers(known: Facts, available: str) -> None:
    assert condition(built(known), "Available")["status"] == available


def test_the_status_counts_the_pods_that_answer() -> None:
    answering = [facts(), facts(proofs={"iris-2-a": GOOD}), facts(proofs={})]

    messages = [condition(built(known), "Available")["message"] for known in answering]

    assert messages == ["2 pods answer", "1 pod answers", "no pod answers"]


@pytest.mark.parametrize(
    ("known", "route"),
    [
        (facts(parts=(situations.routed(),)), ["True"]),
        (facts(fault=fault(reasons.ROUTE_CONFLICT)), ["False"]),
        (facts(), []),
    ],
    ids=["applied", "another's", "none declared"],
)
def test_the_status_reports_the_route_when_there_is_one(known: Facts, route: list[str]) -> None:
    shown = [row["status"] for row in built(known)["conditions"] if row["type"] == "RouteReady"]

    assert shown == route


MIXED = {"iris-1-a": OLD, "iris-2-a": GOOD}
SERVED_OLD = {"servingVersion": OLD.version, "modelDigest": OLD.digest}


@pytest.mark.parametrize(
    ("known", "before", "serving"),
    [
        (facts(), {}, "1.4.0"),
        (facts(), SERVED_OLD, "1.4.0"),
        (facts(proofs={}), SERVED_OLD, ""),
        (rolling(unready()), SERVED_OLD, "1.3.0"),
        (facts(deployment(updated=1), [situations.BEFORE, pod()], MIXED), SERVED_OLD, "1.3.0"),
        (facts(deployment(updated=1), [situations.BEFORE, pod()], MIXED), {}, "1.4.0"),
        (facts(proofs={"iris-2-a": Proof(failure="no answer")}), SERVED_OLD, ""),
        (facts(proofs={"iris-2-a": GOOD, "iris-2-b": OLD}), SERVED_OLD, "1.3.0"),
    ],
    ids=[
        "proven",
        "proven after another",
        "nothing proven: never copied from the spec",
        "the old one serves on",
        "both answer: the one that served before",
        "both answer, nothing known: the declared one",
        "nobody answers",
        "an impostor: the one that served before",
    ],
)
def test_the_status_names_the_version_that_pods_prove(
    known: Facts, before: dict[str, Any], serving: str
) -> None:
    assert built(known, before)["servingVersion"] == serving
