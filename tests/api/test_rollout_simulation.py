"""The judge over whole rollouts: 2,000 of them for each claim, with all gates together and fixed seeds.

docs/judge.md has the results. Each of its lines is simulated once here and compared; the limits below are
limits of these lines.
"""

from collections import Counter

import pytest
from iris_operator.decide import candidates, promotion

from tests.api import judge_tables
from tests.api import rollout_simulation as simulation
from tests.api.rollout_simulation import GATES, LINES, SHIFT, Line, Version
from tests.crds.schema import SPEC

DOCUMENTED = {
    line.strip("| ").split(" | ")[0]: line.strip("| ").split(" | ")
    for line in judge_tables.written("simulation").splitlines()[2:]
}


def _promoted(name: str) -> float:
    return float(DOCUMENTED[name][1])


def _seconds(name: str, column: int) -> float:
    return float(DOCUMENTED[name][column].removesuffix(" s"))


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.name)
def test_a_documented_line_is_what_the_simulation_yields(line: Line) -> None:
    assert DOCUMENTED[line.name] == simulation.cells(line), "make judge-tables"


def test_what_is_simulated_is_the_default_of_the_api() -> None:
    """Else the page would tell of gates that nobody has."""
    rollout = SPEC["properties"]["rollout"]["properties"]
    gates = {name: gate["default"] for name, gate in rollout["gates"]["properties"].items()}
    simulated = {f"{gate.name}PerMille": round(1000 * gate.margin) for gate in (*GATES, SHIFT)}

    assert {**gates, **simulated} == gates
    assert (rollout["stepSeconds"]["default"], rollout["decideSeconds"]["default"]) == (
        simulation.STEP_SECONDS, simulation.DECIDE_SECONDS,
    )  # fmt: skip
    assert (promotion.POLL_SECONDS, candidates.BASELINE_SECONDS) == (
        simulation.POLL_SECONDS, simulation.BASELINE_SECONDS,
    )  # fmt: skip


def test_the_page_has_every_simulated_line() -> None:
    assert list(DOCUMENTED) == [line.name for line in LINES]


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("healthy, 0.1% fail, 20 requests/s", 98.0),
        ("healthy, 0.5% fail, 20 requests/s", 98.0),
        ("healthy, 1.0% fail, 20 requests/s", 98.0),
        ("healthy, 0.1% fail, 2 requests/s", 97.0),
    ],
)
def test_a_healthy_version_is_promoted(name: str, least: float) -> None:
    assert _promoted(name) >= least


def test_a_version_that_is_one_point_worse_is_not_promoted() -> None:
    assert _promoted("one point worse (0.5% to 1.5%)") <= 2.5


def test_a_version_that_fails_a_fifth_is_rolled_back_on_the_first_step() -> None:
    assert float(DOCUMENTED["20% fail"][2]) == 100.0
    assert _seconds("20% fail", 4) <= 45
    assert _seconds("20% fail", 5) <= 90


def test_another_mix_of_classes_is_rolled_back_without_any_failed_request() -> None:
    found = DOCUMENTED["classes 40/35/25 become 20/35/45"]

    assert (found[2], found[6]) == ("100.0", "0")


def test_a_fixed_threshold_rolls_back_healthy_versions_that_the_judge_promotes() -> None:
    healthy = Version(0.01)

    states = Counter(simulation.by_threshold(seed, 20, healthy, checks=2) for seed in range(2000))

    assert states["RolledBack"] > 1000, states


@pytest.mark.parametrize("name", ["requests", "errors"])
def test_the_other_tables_are_what_the_judge_yields(name: str) -> None:
    made = {"requests": judge_tables.requests_needed, "errors": judge_tables.errors}[name]()

    assert judge_tables.written(name) == made, "make judge-tables"


def test_one_gate_errs_less_often_than_its_looks_may() -> None:
    for row in judge_tables.written("errors").splitlines()[2:]:
        passed, failed = map(float, row.strip("| ").split(" | ")[-2:])
        assert passed <= 5.0
        assert failed <= 2.0
