"""`iris get`: what a row says, and what is offered where a name is not there."""

import pytest
from iris_cli import fleet, prometheus
from iris_cli.traffic import Traffic

from tests.cli.snapshots import condition, model, serving


def test_a_row_says_what_is_declared_and_what_is_proven() -> None:
    body = model(condition("Ready", "False", "ImagePullFailed"))
    body["status"] |= {
        "replicas": 3, "readyReplicas": 2, "source": {"revision": "main@sha1:0123456789"}, "url": "http://x.test",
    }  # fmt: skip

    row = fleet.row(body, {("iris", "iris"): Traffic(12.5, 0.25)})

    assert (row.declared, row.serving, row.ready, row.reason) == (
        "1.1.0",
        "1.0.0",
        "False",
        "ImagePullFailed",
    )
    assert (row.readyReplicas, row.replicas) == (2, 3)
    assert (row.requestsPerSecond, row.errorShare) == (12.5, 0.25)
    assert (row.revision, row.url) == ("main@sha1:0123456789", "http://x.test")


@pytest.mark.parametrize(
    ("failed", "promised", "left"), [(0.0005, None, 0.5), (0.02, 990, -1.0), (0.0, 950, 1.0)]
)
def test_the_error_budget_is_what_the_objective_leaves(
    failed: float, promised: int | None, left: float
) -> None:
    body = serving()
    if promised:
        body["spec"]["monitoring"] = {"alerts": {"availabilityPerMille": promised}}

    row = fleet.row(body, {("iris", "iris"): Traffic(12.5, 0.0, failed)})

    assert row.errorBudgetLeft == pytest.approx(left)


def test_a_status_about_an_older_spec_makes_ready_unknown() -> None:
    body = model(condition("Ready", "True", "Serving"), generation=3)

    row = fleet.row(body, {})

    assert (row.ready, row.reason) == ("Unknown", "NotObserved")


def test_a_model_that_goes_away_is_not_ready() -> None:
    body = serving()
    body["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"

    assert fleet.row(body, {}).ready == "False"


def test_a_fresh_model_without_any_status_has_a_row() -> None:
    body = model()
    del body["status"]

    row = fleet.row(body, {})

    assert (row.serving, row.ready, row.requestsPerSecond) == ("", "Unknown", None)


THERE = [("iris", "iris"), ("iris", "iris-trial"), ("shop", "roses")]


@pytest.mark.parametrize(
    ("namespace", "name", "words"),
    [
        ("iris", "roses", "but there is one in namespace shop: add -n shop"),
        ("iris", "irs", "did you mean iris"),
        ("iris", "tulips", "there: iris, iris-trial"),
        ("empty", "tulips", "namespace empty has none"),
    ],
)
def test_a_name_that_is_not_there_is_answered_with_what_is(namespace: str, name: str, words: str) -> None:
    assert words in fleet.near(THERE, namespace, name)


def test_traffic_counts_all_answers_and_errors_only_those_of_the_server() -> None:
    series = [("200", "6"), ("422", "2"), ("503", "2")]
    answer = {
        "data": {
            "result": [
                {
                    "metric": {"namespace": "iris", "service": "iris", "http_status": status},
                    "value": [0, rate],
                }
                for status, rate in series
            ]
        }
    }

    assert prometheus.parse(answer) == {("iris", "iris"): Traffic(10.0, 0.2)}


def test_no_requests_are_no_share_of_errors() -> None:
    answer = {
        "data": {"result": [{"metric": {"namespace": "iris", "service": "iris"}, "value": [0, "0"]}]},
    }

    assert prometheus.parse(answer) == {("iris", "iris"): Traffic(0.0, None)}
