"""Counts of requests: from a page of metrics to the verdicts of the gates."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from iris_operator.decide import traffic_gates
from iris_operator.model.spec import Gates
from iris_operator.observe import pod_metrics, traffic
from iris_operator.observe.traffic import Traffic

GATES = Gates(800)
PAGE = """# HELP http_requests_total Answers.
# TYPE http_requests_total counter
http_requests_total{method="POST",route="/api/v1/predict",http_status="200"} 90.0
http_requests_total{method="POST",route="/api/v1/predict",http_status="422"} 3.0
http_requests_total{method="POST",route="/api/v1/predict",http_status="404"} 2.0
http_requests_total{method="POST",route="/api/v1/predict/batch",http_status="503"} 4.0
http_requests_total{method="GET",route="/readyz",http_status="503"} 70.0
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{method="POST",route="/api/v1/predict",le="0.1"} 80.0
http_request_duration_seconds_bucket{method="POST",route="/api/v1/predict",le="0.25"} 93.0
http_request_duration_seconds_bucket{method="POST",route="/api/v1/predict",le="+Inf"} 95.0
http_request_duration_seconds_count{method="POST",route="/api/v1/predict"} 95.0
http_request_duration_seconds_count{method="POST",route="/api/v1/predict/batch"} 4.0
http_request_duration_seconds_count{method="GET",route="/"} 9.0
inference_requests_total{model="iris",version="1.1.0",status="success"} 90.0
inference_requests_total{model="iris",version="1.1.0",status="invalid"} 3.0
prediction_distribution_total{model="iris",version="1.1.0",prediction_label="set\\"osa"} 50.0
prediction_distribution_total{model="iris",version="1.1.0",prediction_label="virginica"} 40.0
process_cpu_seconds_total 5.0
"""


def even(requests: int, **counts: Any) -> Traffic:
    """Requests of one row each, half of either class."""
    half = requests // 2
    classes = {"setosa": half, "virginica": requests - half}
    known = {"requests": requests, "predictions": requests, "calls": requests, "classes": classes}
    return Traffic(**{**known, **counts})


def verdicts(candidate: Traffic, stable: Traffic, before: Any = (), gates: Gates = GATES) -> dict[str, str]:
    found = traffic_gates.look(gates, before, candidate=candidate, stable=stable)
    return {row["name"]: row["verdict"] for row in found.rows}


def test_a_page_of_metrics_is_read_without_probes_and_what_says_nothing_of_the_version() -> None:
    found = traffic.read(pod_metrics.samples(PAGE), milliseconds=250)

    assert found == Traffic(
        requests=99,
        failed=4,
        refused=3,
        predictions=95,
        slow=2,
        calls=90,
        classes={'set"osa': 50, "virginica": 40},
    )


def test_all_gates_pass_where_both_versions_answer_alike() -> None:
    found = verdicts(even(2000), even(2000))

    assert set(found.values()) == {"Pass"}


def test_a_gate_at_1000_is_off() -> None:
    assert list(verdicts(even(9), even(9), gates=Gates(800, 1000, 1000, 20, 1000))) == ["slow"]


def test_each_gate_fails_by_its_own_counts() -> None:
    stable = even(2000)

    assert verdicts(even(2000, failed=300), stable)["failed"] == "Fail"
    assert verdicts(even(2000, refused=300), stable)["refused"] == "Fail"
    assert verdicts(even(2000, slow=300), stable)["slow"] == "Fail"
    assert verdicts(even(2000, classes={"setosa": 200, "virginica": 1800}), stable)["shift"] == "Fail"


def test_batches_are_no_opinions_about_the_mix_of_classes() -> None:
    one_large_batch = even(2000, calls=2000, classes={"setosa": 21_000, "virginica": 1000})

    found = verdicts(one_large_batch, even(2000))

    assert found["shift"] == "NotJudged"
    assert found["failed"] == "Pass"


def test_a_gate_that_is_not_judged_says_why_and_costs_no_further_write() -> None:
    batches = even(40, calls=4)
    first = traffic_gates.look(GATES, (), candidate=even(40), stable=batches)
    second = traffic_gates.look(GATES, first.rows, candidate=even(41), stable=even(60, calls=6))

    assert first.rows[-1]["message"] == (
        "found 40 rows in 4 calls of the stable version, expected one row per call: "
        "rows of a batch are not independent"
    )
    assert (second.rows, second.has_looked) == (first.rows, False)


def test_a_shift_is_judged_once_calls_of_one_row_are_nearly_all() -> None:
    few = traffic_gates.look(GATES, (), candidate=even(40, calls=4), stable=even(400)).rows

    assert verdicts(even(2036, calls=2000), even(2000), few)["shift"] == "Pass"


def test_a_call_whose_row_is_not_counted_yet_is_no_batch() -> None:
    assert verdicts(even(2000, calls=2003), even(2000))["shift"] == "Pass"


def test_a_gate_that_has_passed_may_still_fail() -> None:
    passed = traffic_gates.look(GATES, (), candidate=even(2000), stable=even(2000)).rows

    assert verdicts(even(3000), even(3000), passed)["failed"] == "Pass"
    assert verdicts(even(5000, failed=900), even(5000), passed)["failed"] == "Fail"


def test_counts_between_two_looks_change_no_result() -> None:
    first = traffic_gates.look(GATES, (), candidate=even(2000), stable=even(2000))

    second = traffic_gates.look(GATES, first.rows, candidate=even(2001), stable=even(2001))

    assert (second.rows, second.has_looked) == (first.rows, False)


def test_a_result_says_how_many_requests_are_missing() -> None:
    found = traffic_gates.look(GATES, (), candidate=even(100), stable=even(100))

    assert (found.lacking, found.needed) == (["failed", "refused", "slow", "shift"], 300)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3), st.booleans()), max_size=60))
def test_any_history_of_counts_leads_to_results_that_the_api_accepts(
    history: list[tuple[int, int, bool]],
) -> None:
    """Gaps, bursts, first errors, late reads, and pods that take their counts with them."""
    rows: Any = ()
    candidate = stable = Traffic()
    for requests, failed, is_lost in history:
        answers = even(requests, failed=min(failed, requests))
        candidate = Traffic() if is_lost else candidate + answers
        stable = stable + answers
        evidence = traffic_gates.look(GATES, rows, candidate=candidate, stable=stable)
        for row in evidence.rows:
            assert -1000 <= row.get("lowPerMille", 0) <= row.get("highPerMille", 0) <= 1000
            assert row["requests"] <= max(candidate.requests, *(known["requests"] for known in rows), 0)
        rows = evidence.rows
