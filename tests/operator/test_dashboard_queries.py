"""What the dashboards' harder queries answer, by Prometheus' own evaluation of made-up series."""

import math
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from iris_local_cluster.programs import binaries
from iris_local_cluster.progress import Progress
from iris_operator.model.objectives import Objectives
from iris_operator.monitoring.dashboards import fleet, model, queries

pytestmark = pytest.mark.cluster

MINUTES: Final = 20
Samples = dict[str, float]


class RefusedError(Exception):
    """What promtool said."""


@pytest.fixture(scope="module")
def promtool() -> Path:
    """Built from the pinned module the first time."""
    return binaries.ensure(["promtool"], Progress())["promtool"]


def answers(promtool: Path, folder: Path, expression: str, series: dict[str, str], expected: Samples) -> None:
    """`series` in promtool's notation, one value a minute; what the expression says at the end of them."""
    samples = [{"labels": labels, "value": round(value, 6)} for labels, value in expected.items()]
    test = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": [
                    {"expr": "round(answer, 0.000001)", "eval_time": f"{MINUTES}m", "exp_samples": samples},
                ],
            }
        ],
    }
    rules: dict[str, Any] = {
        "groups": [{"name": "asked", "rules": [{"record": "answer", "expr": expression}]}]
    }
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules))
    (folder / "test.yaml").write_text(yaml.safe_dump(test))
    command = [str(promtool), "test", "rules", str(folder / "test.yaml")]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise RefusedError(answer.stdout + answer.stderr)


def counted(*shares: float, pod: str = "a") -> dict[str, str]:
    """Inputs of one feature in so many buckets, a hundred a minute, the way the server counts them."""
    labels = 'namespace="n",model="m",version="1",feature="f"'
    counters = {
        f'feature_bucket_total{{{labels},bucket="{number}",pod="{pod}"}}': f"0+{share * 100:g}x{MINUTES}"
        for number, share in enumerate(shares)
    }
    trained = f"{1 / len(shares)}x{MINUTES}"
    expected = {
        f'feature_bucket_training_share{{{labels},bucket="{number}",pod="{pod}"}}': trained
        for number in range(len(shares))
    }
    return counters | expected


DRIFT: Final = queries.drift('namespace="n"', "10m", ("version", "feature"))


@pytest.mark.parametrize(
    ("shares", "index"),
    [
        ((0.25, 0.25, 0.25, 0.25), 0.0),
        ((0.3, 0.2, 0.25, 0.25), 0.05 * math.log(1.2) - 0.05 * math.log(0.8)),
        ((0.0, 0.5, 0.25, 0.25), (0.0001 - 0.25) * math.log(0.0001 / 0.25) + 0.25 * math.log(2)),
    ],
    ids=["as in training", "a little off", "a bucket that stayed empty"],
)
def test_drift_is_the_population_stability_index(
    promtool: Path, tmp_path: Path, shares: tuple[float, ...], index: float
) -> None:
    answers(promtool, tmp_path, DRIFT, counted(*shares), {'{version="1",feature="f"}': index})


def test_drift_counts_all_pods_together(promtool: Path, tmp_path: Path) -> None:
    series = counted(0.5, 0.0, pod="a") | counted(0.0, 0.5, pod="b")

    answers(promtool, tmp_path, DRIFT, series, {'{version="1",feature="f"}': 0.0})


def test_no_input_is_no_drift(promtool: Path, tmp_path: Path) -> None:
    answers(promtool, tmp_path, DRIFT, counted(0.0, 0.0), {})


def test_a_share_of_what_never_happened_is_zero(promtool: Path, tmp_path: Path) -> None:
    expression = queries.share('sum by (r) (rate(x{s="5"}[5m]))', "sum by (r) (rate(x[5m]))")
    series = {'x{r="/a",s="2"}': "0+3x20", 'x{r="/a",s="5"}': "0+1x20", 'x{r="/b",s="2"}': "0+1x20"}

    answers(promtool, tmp_path, expression, series, {'{r="/a"}': 0.25, '{r="/b"}': 0.0})


def test_requests_are_told_apart_by_the_version_of_their_pod(promtool: Path, tmp_path: Path) -> None:
    rates = queries.with_version('rate(http_requests_total{namespace="n"}[5m])', 'namespace="n"')
    series = {
        'http_requests_total{namespace="n",service="m",pod="a"}': "0+60x20",
        'http_requests_total{namespace="n",service="m",pod="b"}': "0+120x20",
        'http_requests_total{namespace="n",service="other",pod="c"}': "0+120x20",
        'model_info{namespace="n",model="m",pod="a",version="1",digest="x"}': "1x20",
        'model_info{namespace="n",model="m",pod="b",version="2",digest="y"}': "1x20",
    }

    answers(
        promtool, tmp_path, f"sum by (version) ({rates})", series, {'{version="1"}': 1, '{version="2"}': 2}
    )


def test_a_budget_half_used_is_half_left(promtool: Path, tmp_path: Path) -> None:
    """One failure in two thousand, where one in a thousand was promised."""
    board = yaml.safe_load(model.build("n", "m", Objectives(999, 250)))
    [panel] = [panel for panel in board["panels"] if panel["title"] == "Error budget left"]
    series = {
        'http_requests_total{namespace="n",service="m",http_status="200"}': "0+1999x20",
        'http_requests_total{namespace="n",service="m",http_status="500"}': "0+1x20",
    }

    answers(promtool, tmp_path, panel["targets"][0]["expr"], series, {"{}": 0.5})


def of_model(title: str) -> str:
    """The query of a panel of the model n/m, with rates over five minutes."""
    board = yaml.safe_load(model.build("n", "m", Objectives(999, 250)))
    [panel] = [panel for panel in board["panels"] if panel["title"] == title]
    [target] = panel["targets"]
    return str(target["expr"]).replace("$__rate_interval", "5m")


def test_requests_in_flight_are_those_beside_the_scrape_of_each_pod(promtool: Path, tmp_path: Path) -> None:
    """The scrape of a pod counts itself; what is left are requests."""
    series = {
        'http_requests_in_flight{namespace="n",service="m",pod="a"}': "1x20",
        'http_requests_in_flight{namespace="n",service="m",pod="b"}': "1x15 4x5",
        'http_requests_in_flight{namespace="n",service="other",pod="c"}': "9x20",
    }

    answers(promtool, tmp_path, of_model("In flight"), series, {"{}": 3})


@pytest.mark.parametrize(
    ("requests", "expected"),
    [(600, {"{}": 0.03}), (30, {}), (0, {})],
    ids=["ten requests a second", "one request in two seconds", "no request"],
)
def test_cpu_time_per_request_needs_requests(
    promtool: Path, tmp_path: Path, requests: int, expected: Samples
) -> None:
    """Of a server at rest, probes and scrapes use the CPU time: per request it would be 0.6 s."""
    series = {
        'container_cpu_usage_seconds_total{namespace="n",pod="m-0abc-1def2",container="server"}': "0+18x20",
        'http_requests_total{namespace="n",service="m",route="/api/v1/predict"}': f"0+{requests}x20",
        'http_requests_total{namespace="n",service="m",route="/readyz"}': "0+600x20",
    }

    answers(promtool, tmp_path, of_model("CPU time per request"), series, expected)


@pytest.mark.parametrize(
    ("serving", "behind"), [("1.1", 0.0), ("1.0", 1.0)], ids=["serves what is declared", "is behind"]
)
def test_a_model_is_behind_while_it_serves_another_version(
    promtool: Path, tmp_path: Path, serving: str, behind: float
) -> None:
    [expression] = [
        panel["targets"][0]["expr"].replace("$namespace", ".*")
        for panel in yaml.safe_load(fleet.build())["panels"]
        if panel["title"] == "Serve another version than declared"
    ]
    info = f'irismodel_info{{model_namespace="n",model="m",declared="1.1",serving="{serving}",revision="r"}}'

    answers(promtool, tmp_path, expression, {info: "1x20"}, {"{}": behind})


def test_a_change_is_marked_once_and_a_restart_is_not(promtool: Path, tmp_path: Path) -> None:
    board = yaml.safe_load(model.build("n", "m", Objectives(999, 250)))
    marks = {mark["name"]: mark["expr"] for mark in board["annotations"]["list"]}
    info = (
        'irismodel_info{{model_namespace="n",model="m",declared="{}",serving="1.0",revision="{}",pod="{}"}}'
    )
    series = {
        info.format("1.0", "main@1", "a"): f"1x{MINUTES - 4}",
        info.format("1.1", "main@2", "b"): f"_x{MINUTES} 1",
    }

    answers(promtool, tmp_path, marks["Serves"], series, {})
    answers(promtool, tmp_path, marks["Declared"], series, {'{declared="1.1",revision="main@2"}': 1})
