"""`iris judge NAME`: the arithmetic by the counts in the status is the one that the operator did."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from iris_api import judge
from iris_cli.rollouts import arithmetic, counts
from iris_operator.decide import traffic_gates
from iris_operator.model.spec import Gates
from iris_operator.observe.traffic import Traffic

from tests.cli.snapshots import Body, model

GATES = {
    f"{name}PerMille": limit
    for name, limit in (("failed", 10), ("refused", 20), ("slow", 20), ("shift", 100))
}


def traffic(requests: int, bad: int, setosa: int) -> Traffic:
    bad, setosa = min(bad, requests), min(setosa, requests)
    classes = {"setosa": setosa, "virginica": requests - setosa}
    return Traffic(requests, bad, bad // 2, requests, bad // 3, requests, classes)


def judged(*looks: tuple[Traffic, Traffic]) -> Body:
    """A model whose status has the gates as the operator leaves them after these looks at the counts."""
    rows: Any = ()
    for candidate, stable in looks:
        rows = traffic_gates.look(Gates(800), rows, candidate=candidate, stable=stable).rows
    body = model()
    body["spec"]["rollout"] = {"strategy": "Canary", "gates": {"agreementPerMille": 800, **GATES}}
    body["status"]["rollout"] = {"state": "Judging", "gates": [dict(row) for row in rows]}
    return body


AMOUNTS = st.tuples(st.integers(0, 4000), st.integers(0, 60), st.integers(0, 4000))


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=4))
@example([((274, 48, 0), (132, 12, 0))])
def test_the_arithmetic_by_the_counts_in_the_status_has_the_verdict_and_bounds_of_the_operator(
    looks: list[tuple[tuple[int, int, int], tuple[int, int, int]]],
) -> None:
    candidate = stable = Traffic()
    histories = []
    for of_candidate, of_stable in looks:
        candidate, stable = candidate + traffic(*of_candidate), stable + traffic(*of_stable)
        histories.append((candidate, stable))

    for gate in counts.gates(judged(*histories)):
        if gate.case is None:
            assert "lowPerMille" not in gate.row
            continue
        found = arithmetic.data(gate.case)
        exact = judge.judge(gate.case.gate, gate.case.pairs, gate.case.since)
        assert exact is not None
        low, high = 1000 * exact.interval.low, 1000 * exact.interval.high
        # From the exact bounds: -12.5004 is -13 in the status, and would be -12 if it were rounded twice.
        assert (round(low), round(high)) == (gate.row["lowPerMille"], gate.row["highPerMille"])
        assert (round(low, 3), round(high, 3)) == (found["lowPerMille"], found["highPerMille"])
        # A gate that has passed once stays so while nothing fails.
        assert found["verdict"] == gate.row["verdict"] or gate.row["verdict"] == "Pass"


def test_both_versions_counts_stand_in_the_text() -> None:
    body = judged((traffic(2000, 6, 900), traffic(2100, 8, 1000)))
    text = {gate.row["name"]: list(counts.lines(gate)) for gate in counts.gates(body)}

    assert (
        text["failed"][1] == "canary c = 6 of 2,000 (3.00 per 1,000), stable s = 8 of 2,100 (3.81 per 1,000)"
    )
    assert text["refused"][1].startswith("canary c = 3 of 2,000")
    assert text["slow"][1].startswith("canary c = 2 of 2,000")
    assert text["shift"][1:3] == [
        (
            "class setosa: canary c = 900 of 2,000 (450.00 per 1,000), "
            "stable s = 1,000 of 2,100 (476.19 per 1,000)"
        ),
        (
            "class virginica: canary c = 1,100 of 2,000 (550.00 per 1,000), "
            "stable s = 1,100 of 2,100 (523.81 per 1,000)"
        ),
    ]
    assert {name: lines[-1] for name, lines in text.items()} == dict.fromkeys(
        text, "verdict in the status: Pass"
    )


def test_a_bound_at_zero_has_no_sign() -> None:
    body = judged((traffic(1148, 0, 500), traffic(1149, 0, 500)))
    [failed] = [gate for gate in counts.gates(body) if gate.row["name"] == "failed"]

    assert "[0, " in "\n".join(counts.lines(failed))
    assert "-0," not in "\n".join(counts.lines(failed))


def test_a_gate_that_is_not_judged_says_why_and_one_before_its_first_look_what_it_needs() -> None:
    batches = Traffic(15, 0, 0, 15, 0, 15, {"setosa": 300})
    found = {gate.row["name"]: list(counts.lines(gate)) for gate in counts.gates(judged((batches, batches)))}

    assert found["shift"] == [
        "gate shift: NotJudged",
        "found 300 rows in 15 calls of the candidate, expected one row per call: "  # noqa: ISC004
        "rows of a batch are not independent",
    ]
    assert found["failed"] == [
        "gate failed: NotEnough",
        "no look yet: needs about 385 more requests of the canary",
    ]


def test_programs_get_the_counts_with_the_arithmetic() -> None:
    body = judged((traffic(2000, 6, 900), traffic(2100, 8, 1000)))
    body["status"]["rollout"]["agreement"] = {"rows": 30, "agree": 29, "judged": True}

    found = counts.data(counts.agreement(body), counts.gates(body))

    assert found["agreement"]["agree"] == 29
    [failed, *_, shift] = found["gates"]
    assert (failed["canaryEvents"], failed["requests"], failed["stableEvents"], failed["stableRequests"]) == (
        6, 2000, 8, 2100,
    )  # fmt: skip
    assert failed["arithmetic"]["verdict"] == "Pass"
    assert shift["canaryClasses"] == {"setosa": 900, "virginica": 1100}


def test_a_status_of_an_older_operator_has_no_counts_and_no_arithmetic() -> None:
    body = judged((traffic(2000, 6, 900), traffic(2100, 8, 1000)))
    for row in body["status"]["rollout"]["gates"]:
        for name in ("canaryEvents", "stableEvents", "canaryClasses", "stableClasses", "since"):
            row.pop(name, None)

    assert [gate.case for gate in counts.gates(body)] == [None] * 4
