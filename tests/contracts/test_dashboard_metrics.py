"""The operator's dashboard asks only for series that the model server's /metrics really has."""

import json
import re
from collections import defaultdict
from typing import Final

import pytest
from iris_model_server import artifact
from iris_model_server.metrics import Metrics
from iris_operator import dashboard
from prometheus_client.parser import text_string_to_metric_families

from tests.model_server import artifacts

# Prometheus adds these to every series when it scrapes.
FROM_SCRAPING: Final = frozenset({"namespace", "service", "pod"})

SELECTOR: Final = re.compile(r"([a-z_:]+)\{([^}]*)\}")
GROUPING: Final = re.compile(r"\bby \(([^)]*)\)")
LABEL: Final = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)")
LEGEND: Final = re.compile(r"\{\{(\w+)\}\}")

BOARD: Final = json.loads(dashboard.build("iris", "iris"))
TARGETS: Final[dict[str, dict[str, str]]] = {
    f"{panel['title']}, {target['refId']}": target
    for panel in BOARD["panels"]
    for target in panel.get("targets", ())
}


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Every series of a server that has answered once, with its labels."""
    folder = tmp_path_factory.mktemp("artifact")
    artifacts.write(folder)
    metrics = Metrics()
    bound = metrics.bind("iris", artifact.load(folder))
    metrics.route("POST", "/api/v1/predict").observe(200, 0.001)
    bound.observe([(5.1, 3.5, 1.4, 0.2)], [0], [(0.98, 0.02, 0.0)], 0.001)
    text, _ = metrics.exposition("text/plain")
    series: dict[str, set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            series[sample.name] |= sample.labels.keys()
    return series


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_every_query_asks_for_series_and_labels_that_the_server_has(
    target: dict[str, str], exposed: dict[str, set[str]]
) -> None:
    query = target["expr"]

    selected = SELECTOR.findall(query)
    assert selected
    for name, matchers in selected:
        assert name in exposed
        known = exposed[name] | FROM_SCRAPING
        assert set(LABEL.findall(matchers)) <= known
        for grouping in GROUPING.findall(query):
            assert {label.strip() for label in grouping.split(",")} <= known


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_every_legend_shows_labels_that_its_query_keeps(target: dict[str, str]) -> None:
    shown = set(LEGEND.findall(target.get("legendFormat", "")))

    kept = {label.strip() for grouping in GROUPING.findall(target["expr"]) for label in grouping.split(",")}
    assert shown <= kept


def test_shows_every_metric_of_the_contract(exposed: dict[str, set[str]]) -> None:
    asked = {name for target in TARGETS.values() for name, _ in SELECTOR.findall(target["expr"])}

    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exposed}
    ours = {name for name in families if not name.startswith(("process_", "python_"))}
    shown = {re.sub(r"_bucket$", "", name) for name in asked}
    assert ours == shown
