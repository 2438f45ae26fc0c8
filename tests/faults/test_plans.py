"""Plans from traces, without any cluster."""

import json
from collections import Counter
from collections.abc import Iterable

import pytest

from tests.faults import plans
from tests.faults.plans import EVENT_MODES, WRITE_MODES, Plan
from tests.harness.proxy_targets import Call, Seen

RARE = {"blackout", "crd"}  # of one or a few scenarios each
APPLY = Seen("write", "PATCH deployments/iris", 1)
ADDED = Seen("event", "ADDED pods/*", 1)


STATUSES = [
    json.dumps(
        {"status": {"observedGeneration": 2, "conditions": [{"type": "Ready", "reason": reason}]}}
    ).encode()
    for reason in ("Progressing", "Progressing", "Serving")
]


def trace_of(calls: Iterable[Call]) -> list[Seen]:
    counts: Counter[str] = Counter()
    counted = []
    for call in calls:
        counts[call.signature] += 1
        counted.append(Seen("write", call.signature, counts[call.signature]))
    return counted


def test_the_planner_makes_one_plan_for_each_mode_of_each_shared_target() -> None:
    only_once = Seen("write", "DELETE services/iris", 1)

    made = plans.of_scenario("version", [[APPLY, ADDED, only_once], [ADDED, APPLY]])

    assert {(plan.target, plan.mode) for plan in made} == {
        *((APPLY, mode) for mode in plans.WRITE_MODES),
        *((ADDED, mode) for mode in plans.EVENT_MODES),
    }


def test_the_planner_plans_the_common_start_of_all_scenarios_only_once() -> None:
    assert plans.of_scenario("version", [[APPLY], [APPLY]], known=[APPLY]) == []


def test_the_planner_leaves_out_the_last_changes_of_counters_that_another_run_may_not_have() -> None:
    trace = [Seen("event", "MODIFIED deployments/iris", number) for number in range(1, 9)]

    made = plans.of_scenario("scale", [trace, trace])

    assert {plan.target.number for plan in made} == {1, 6}


def test_the_planner_aims_at_the_first_write_of_each_state_of_a_status() -> None:
    """Busy lanes see more writes on the way to Ready than idle ones."""
    calls = [Call("PATCH", "irismodels", "iris", "status", body) for body in STATUSES]
    busy, idle = trace_of(calls), trace_of([calls[0], calls[2]])

    targets = {plan.target for plan in plans.of_scenario("version", [busy, busy])}

    assert targets == {
        Seen("write", "PATCH irismodels/iris/status 2 Progressing", 1),
        Seen("write", "PATCH irismodels/iris/status 2 Serving", 1),
    }
    assert targets == {plan.target for plan in plans.of_scenario("version", [idle, idle])}


def test_the_planner_kills_at_each_state_and_weight_of_a_rollout() -> None:
    calls = [
        Call("PATCH", "irismodels", "iris", "status", json.dumps({"status": status}).encode())
        for status in (
            {"observedGeneration": 2, "rollout": {"state": "Stepping"}},
            {"observedGeneration": 2, "rollout": {"state": "Stepping", "weight": 20}},
            {"observedGeneration": 2, "rollout": {"state": "Judging", "weight": 20}},
        )
    ]
    trace = trace_of(calls)

    found = plans.distinct(plans.of_scenario("stepped", [trace, trace]))

    assert [plan.target.signature.split()[3:] for plan in found if plan.mode == "kill-after"] == [
        ["unobserved", "Judging", "20%"],
        ["unobserved", "Stepping"],
        ["unobserved", "Stepping", "20%"],
    ]


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


def test_each_kind_of_child_is_refused_in_each_way_whatever_the_turns_leave_out() -> None:
    kinds = ("services", "ingresses", "networkpolicies", "servicemonitors", "deployments", "httproutes")
    writes = [f"{verb} {kind}/iris" for verb in ("PATCH", "DELETE") for kind in kinds]

    found = {(plan.target.signature, plan.mode) for plan in plans.distinct(made("children", *writes))}

    applied = {(f"PATCH {kind}/iris", mode) for kind in kinds for mode in plans.REFUSALS}
    assert found >= applied | {(f"DELETE {kind}/iris", "forbidden") for kind in kinds}


def test_a_scenario_for_the_sake_of_its_children_has_few_modes() -> None:
    modes = {plan.mode for plan in made("gateway", "PATCH httproutes/iris", "ADDED httproutes/iris")}

    assert modes == {"kill-after", *plans.REFUSALS}


def test_the_ends_of_a_rollout_are_killed_raced_and_refused_and_the_rest_happens_in_the_good_one() -> None:
    def modes(scenario: str) -> set[str]:
        return {plan.mode for plan in made(scenario, "PATCH httproutes/iris", "ADDED pods/*")}

    asked = {"kill-after", "stale", "409", "dropped", *plans.REFUSALS}
    for scenario in ("stepped_bad", "stepped_withdrawn", "stepped_superseded"):
        assert modes(scenario) == asked
    assert modes("stepped") == {*plans.WRITE_MODES, *plans.EVENT_MODES} - RARE
