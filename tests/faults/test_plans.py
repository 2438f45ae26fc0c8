"""Plans from traces, and judges that can say no: the suite's own parts, without any cluster."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.faults import oracles, plans
from tests.faults.plans import EVENT_MODES, WRITE_MODES, Plan
from tests.harness.proxy import Written
from tests.harness.proxy_targets import Call, Seen

RARE = {"blackout", "crd"}  # of one or a few scenarios each
APPLY = Seen("write", "PATCH deployments/iris", 1)
ADDED = Seen("event", "ADDED pods/*", 1)


def status_write(ready: str = "True", serving: str = "1.0.0") -> Written:
    row = {"type": "Ready", "status": ready, "observedGeneration": 1}
    answer = {
        "metadata": {"name": "iris", "uid": "u"},
        "status": {"conditions": [row], "servingVersion": serving},
    }
    return Written(10.0, 10.0, Call("PATCH", "irismodels", "iris", "status", b""), 200, answer)


def test_the_planner_makes_one_plan_for_each_mode_of_each_shared_target() -> None:
    only_once = Seen("write", "DELETE services/iris", 1)

    made = plans.of_scenario("version", [[APPLY, ADDED, only_once], [ADDED, APPLY]])

    assert {(plan.target, plan.mode) for plan in made} == {
        *((APPLY, mode) for mode in plans.WRITE_MODES),
        *((ADDED, mode) for mode in plans.EVENT_MODES),
    }


def test_the_planner_plans_the_common_start_of_all_scenarios_only_once() -> None:
    assert plans.of_scenario("version", [[APPLY], [APPLY]], known=[APPLY]) == []


def test_the_planner_leaves_out_the_last_status_writes_that_another_run_may_not_have() -> None:
    trace = [Seen("write", "PATCH irismodels/iris/status", number) for number in range(1, 9)]

    made = plans.of_scenario("scale", [trace, trace])

    assert max(plan.target.number for plan in made) == 6


@pytest.mark.parametrize("target", [APPLY, ADDED, Seen("write", "PATCH irismodels/iris/status", 12)])
def test_a_plan_is_found_again_by_its_name(target: Seen) -> None:
    plan = Plan("scale", "kill-after" if target.what == "write" else "cut", target)

    assert plans.parse(plan.name) == plan


def test_the_planner_refuses_a_mode_that_does_not_fit_its_target() -> None:
    with pytest.raises(ValueError, match="found mode 'cut'"):
        plans.parse("scale:cut:write PATCH services/iris#1")


def made(scenario: str, *signatures: str) -> list[Plan]:
    """Every plan of a scenario that was learned with these writes and events, each twice."""
    trace = [
        Seen(
            "event" if signature.split()[0] in ("ADDED", "MODIFIED", "DELETED") else "write",
            signature,
            number,
        )
        for signature in signatures
        for number in (1, 2)
    ]
    return plans.of_scenario(scenario, [trace, trace])


def groups(modes: Iterable[str]) -> set[tuple[str, ...]]:
    return {next((group for group in plans.TURNS if mode in group), (mode,)) for mode in modes}


@pytest.mark.parametrize(
    "signature", ["PATCH deployments/iris", "PATCH irismodels/iris/status", "DELETED pods/*"]
)
def test_the_planner_uses_every_group_of_modes(signature: str) -> None:
    every = made("scale", signature, "PATCH services/iris")

    found = plans.distinct(every)

    modes = EVENT_MODES if signature.startswith("DELETED") else WRITE_MODES
    asked = [plan for plan in found if plan.target.signature == signature]
    assert groups(plan.mode for plan in asked) >= groups(modes) - {
        ("kill-before",),
        *((mode,) for mode in RARE),
    }
    last = max(plan.target.number for plan in every if plan.target.signature == signature)
    assert {plan.target.number for plan in asked if plan.mode != "kill-before"} == {last}


def test_the_planner_uses_every_mode_of_every_kind_in_some_scenario() -> None:
    kinds = ("PATCH deployments/iris", "PATCH irismodels/iris/status", "ADDED pods/*")
    learned = [plan for number in range(12) for plan in made(f"scenario-{number}", *kinds)]

    found = {(plan.target.signature, plan.mode) for plan in plans.distinct(learned)}

    for kind in kinds:
        modes = EVENT_MODES if kind.startswith("ADDED") else WRITE_MODES
        assert {mode for signature, mode in found if signature == kind} >= {*modes} - {"kill-before", *RARE}


def test_children_that_are_alike_take_turns_over_the_scenarios() -> None:
    alike = ("PATCH services/iris", "PATCH ingresses/iris", "PATCH networkpolicies/iris")
    learned = [plan for number in range(6) for plan in made(f"scenario-{number}", *alike)]

    killed = [plan for plan in plans.distinct(learned) if plan.mode == "kill-after"]

    assert {plan.target.signature for plan in killed} == {*alike}
    assert len(killed) == len({plan.scenario for plan in killed}) == 6


def test_the_long_outage_is_asked_for_once() -> None:
    learned = [plan for scenario in ("scale", "version") for plan in made(scenario, "PATCH deployments/iris")]

    assert [plan.scenario for plan in plans.distinct(learned) if plan.mode == "blackout"] == ["version"]


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
    ("mode", "signature", "refused_child"),
    [
        ("quota", "PATCH services/iris", True),
        ("500", "PATCH services/iris", False),
        ("invalid", "PATCH irismodels/iris/status", False),
        ("forbidden", "POST events/*", False),
    ],
)
def test_only_the_refusal_of_a_child_has_to_be_in_the_status(
    mode: str, signature: str, refused_child: bool
) -> None:
    assert Plan("scale", mode, Seen("write", signature, 1)).refuses_child is refused_child


@pytest.mark.parametrize(
    ("call", "ours"),
    [
        (Call("PATCH", "services", "iris", "", b""), True),
        (Call("PATCH", "irismodels", "iris", "status", b""), True),
        (Call("PATCH", "irismodels", "iris", "", b""), False),
        (Call("PATCH", "services", "theirs", "", b""), False),
        (Call("DELETE", "configmaps", "bystander", "", b""), False),
        (Call("DELETE", "pods", "iris-1", "", b""), False),
    ],
    ids=["child", "status", "spec", "their service", "bystander", "pod"],
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
