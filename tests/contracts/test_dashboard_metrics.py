"""Dashboards ask only for series that somebody exposes: the server, the operator, the kubelet, Flux."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml
from iris_model_server.model import artifact
from iris_model_server.telemetry.metrics import SECONDS, Metrics
from iris_operator import metrics as operator_metrics
from iris_operator.model.objectives import Objectives
from iris_operator.monitoring import alerts
from iris_operator.monitoring.dashboards import fleet, model, operator
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tests.crds.schema import SPEC
from tests.harness import promql
from tests.model_server import artifacts

# Prometheus adds these to every series when it scrapes.
FROM_SCRAPING: Final = frozenset({"namespace", "service", "pod", "job"})
# The kubelet's, proven on a real node by tests/e2e.
FROM_KUBELET: Final = {
    name: {"container"}
    for name in ("container_cpu_usage_seconds_total", "container_memory_working_set_bytes")
}
# Flux's, by controller-runtime, which also names the first two of ours.
FROM_FLUX: Final = {"workqueue_depth": {"name", "controller"}}

LEGEND: Final = re.compile(r"\{\{(\w+)\}\}")
OF_THE_OPERATOR: Final = yaml.safe_load(
    (Path(__file__).parents[2] / "charts/iris-operator/alerts/operator.yaml").read_text("utf-8")
)["groups"]
BOARDS: Final = {
    "model": json.loads(model.build("iris", "iris", Objectives(999, 250))),
    "fleet": json.loads(fleet.build()),
    "operator": json.loads(operator.build()),
}
TARGETS: Final[dict[str, dict[str, str]]] = {
    f"{name}: {number} {panel['title']}, {target['refId']}": target
    for name, board in BOARDS.items()
    for number, panel in enumerate(board["panels"])
    for target in panel.get("targets", ())
} | {
    f"{name}: mark {mark['name']}": {"expr": mark["expr"], "legendFormat": mark["titleFormat"]}
    for name, board in BOARDS.items()
    for mark in board["annotations"].get("list", ())
    if "expr" in mark
}
ALERTS: Final = [
    pytest.param(rule["expr"], id=f"{rule['alert']} {rule['labels'].get('window', '')}".strip())
    for group in (*alerts.groups("iris", "iris", Objectives(999, 250)), *OF_THE_OPERATOR)
    for rule in group["rules"]
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Every series of a server that has answered once, with its labels."""
    folder = tmp_path_factory.mktemp("artifact")
    artifacts.write(folder)
    metrics = Metrics()
    bound = metrics.bind("iris", artifact.load(folder))
    metrics.route("POST", "/api/v1/predict").observe(200, 0.001)
    bound.observe_one((5.1, 3.5, 1.4, 0.2), 0, 0.98, 1.0, 1.001)
    text, _ = metrics.exposition("text/plain")
    return series(text)


@pytest.fixture(scope="module")
def controller() -> Iterator[dict[str, set[str]]]:
    """Every series of an operator that has rolled out one model, asked and written, and resynced."""
    condition = {"type": "Ready", "reason": "Serving", "status": "True"}
    gate = {"name": "failed", "lowPerMille": -4, "highPerMille": 12}
    rollout = {"state": "Stepping", "weight": 20, "observedPerMille": 193, "gates": [gate]}
    status = {"conditions": [condition], "history": [{"version": "1.4.0"}], "rollout": rollout}
    body = {"metadata": {"namespace": "iris", "name": "iris"}, "status": status}
    operator_metrics.models(lambda: [body])
    operator_metrics.queue_in_work(lambda: [1.0])
    operator_metrics.pass_finished("success", 0.1)
    operator_metrics.api_answer("GET", "200")
    operator_metrics.wrote("iris", "iris")
    operator_metrics.resynced({"pods": 0})
    yield series(generate_latest())
    operator_metrics.gone("iris", "iris")
    operator_metrics.models(lambda: ())
    operator_metrics.queue_in_work(lambda: ())


def series(text: bytes) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found[sample.name] |= sample.labels.keys()
    return found


@pytest.fixture(scope="module")
def exposed(server: dict[str, set[str]], controller: dict[str, set[str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(lambda: set(FROM_SCRAPING))
    for exposition in (server, controller, FROM_KUBELET, FROM_FLUX):
        for name, labels in exposition.items():
            found[name] |= labels
    return dict(found)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_every_query_asks_for_series_and_labels_that_somebody_has(
    target: dict[str, str], exposed: dict[str, set[str]]
) -> None:
    assert promql.metrics(target["expr"])
    assert promql.unknown(target["expr"], exposed) == []


@pytest.mark.parametrize("expression", ALERTS)
def test_every_alert_asks_for_series_and_labels_that_somebody_has(
    expression: str, exposed: dict[str, set[str]]
) -> None:
    assert promql.unknown(expression, exposed) == []


def test_a_promised_latency_is_a_bound_of_the_servers_histogram() -> None:
    [rule] = SPEC["properties"]["monitoring"]["properties"]["alerts"]["properties"]["latencyMilliseconds"][
        "x-kubernetes-validations"
    ]

    offered = [int(number) / 1000 for number in re.findall(r"\d+", rule["rule"])]
    assert offered
    assert set(offered) <= set(SECONDS)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_every_legend_shows_labels_that_its_query_keeps(target: dict[str, str]) -> None:
    shown = set(LEGEND.findall(target.get("legendFormat", "")))

    assert shown <= promql.grouped(target["expr"])


def test_a_models_dashboard_shows_every_metric_of_the_server(server: dict[str, set[str]]) -> None:
    asked = {
        name for key in TARGETS if key.startswith("model:") for name in promql.metrics(TARGETS[key]["expr"])
    }

    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in server}
    ours = {name for name in families if not name.startswith(("process_", "python_"))}
    assert ours <= {re.sub(r"_bucket$", "", name) for name in asked}


@pytest.mark.parametrize(
    ("expression", "lacking"),
    [
        ("sum(rate(requests_total[5m]))", []),
        ('sum by (route) (requests_total{route="/"}) or vector(0)', []),
        ("sum(requests)", ["metric requests"]),
        ('requests_total{path="/"}', ["label path of requests_total"]),
        ('requests_total{route=~"a{2}"} unless on (pod) info', ["metric info", "label pod"]),
        ("sum by (path) (rate(requests_total[1h] offset 5m))", ["label path"]),
    ],
)
def test_a_query_is_read_to_its_end(expression: str, lacking: list[str]) -> None:
    assert promql.unknown(expression, {"requests_total": {"route"}}) == lacking


@pytest.mark.parametrize(
    ("expression", "unfiltered"),
    [
        ('a{b!="1",c=~"x<{2}"} > 3', 'a{b!="1",c=~"x<{2}"} > bool  3'),
        ("a<=b and c == bool 1 or d", "a<= bool b and c == bool 1 or d"),
        ("max by (x) (a unless on (x) f(b, c)) unless on () d", "max by (x) (a)"),
        ('a unless b{c=") unless"} unless d and (e unless f) or g', "a and (e) or g"),
    ],
)
def test_a_silent_alert_can_be_asked_for_its_data(expression: str, unfiltered: str) -> None:
    assert promql.unfiltered(expression) == unfiltered


def test_everything_that_an_expression_reads_can_be_asked_for_by_itself() -> None:
    assert promql.selectors('max(a{b="1"}) unless on (b) (sum by (b) (a{b!="1"}[5m])) or c') == {
        'a{b="1"}',
        'a{b!="1"}',
        "c",
    }
