"""Dashboards: found by title, replaced by uid, small enough for a ConfigMap, no panel over another."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_operator.children import metadata
from iris_operator.model.objectives import Objectives
from iris_operator.monitoring.dashboards import fleet, model, operator

NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,50}[a-z0-9])?", fullmatch=True)
_SERVICE: Final = re.compile('service=~"([^"]+)"')
OBJECTIVES: Final = Objectives(availability_per_mille=999, latency_milliseconds=250)
COMMITTED: Final = Path(__file__).parents[2] / "charts/iris-operator/dashboards"
TEXTS: Final = {
    "model": model.build("flowers", "iris", OBJECTIVES),
    "fleet": fleet.build(),
    "operator": operator.build(),
}
every_board = pytest.mark.parametrize("board", [json.loads(text) for text in TEXTS.values()], ids=TEXTS)


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def queries(board: dict[str, Any]) -> list[str]:
    marks = [mark["expr"] for mark in board["annotations"].get("list", ()) if "expr" in mark]
    return [target["expr"] for panel in panels(board) for target in panel["targets"]] + marks


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "model"])
def test_the_chart_carries_what_is_generated(name: str) -> None:
    """`make charts` writes them."""
    assert (COMMITTED / f"{name}.json").read_text() == TEXTS[name]


def test_the_chart_carries_no_other() -> None:
    assert {file.stem for file in COMMITTED.iterdir()} == TEXTS.keys() - {"model"}


def test_the_dashboard_is_named_after_its_model() -> None:
    assert json.loads(TEXTS["model"])["title"] == "Iris Model Serving / flowers/iris"
    assert json.loads(TEXTS["fleet"])["title"] == "Iris Model Serving"


def test_the_dashboard_has_the_uid_that_links_to_it_use() -> None:
    """A changed uid would break every bookmark."""
    assert json.loads(TEXTS["model"])["uid"] == "iris-07be2c854c77cae9b4763399"
    assert json.loads(TEXTS["fleet"])["uid"] == "iris-fleet"
    assert json.loads(TEXTS["operator"])["uid"] == "iris-operator"


@given(NAMES, NAMES)
def test_every_dashboard_uid_fits_into_what_grafana_stores(namespace: str, name: str) -> None:
    assert len(model.uid(namespace, name)) <= 40


@given(st.tuples(NAMES, NAMES), st.tuples(NAMES, NAMES))
def test_every_models_dashboard_has_a_uid_of_its_own(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (model.uid(*one) == model.uid(*other)) == (one == other)
    assert model.uid(*one) not in {fleet.UID, operator.UID}


def test_the_dashboard_stays_under_200_kib() -> None:
    longest = model.build("n" * 63, "m" * 52, OBJECTIVES)

    assert max(len(text.encode()) for text in [longest, *TEXTS.values()]) < 200 * 1024


def test_the_dashboard_of_the_same_model_has_the_same_bytes() -> None:
    model.template.cache_clear()

    assert model.build("flowers", "iris", OBJECTIVES) == TEXTS["model"]


@every_board
def test_the_dashboard_queries_the_data_source_that_the_reader_chooses(board: dict[str, Any]) -> None:
    variables = {variable["name"]: variable["type"] for variable in board["templating"]["list"]}
    asked = [*panels(board), *(target for panel in panels(board) for target in panel["targets"])]
    marks = [mark for mark in board["annotations"].get("list", ()) if "expr" in mark]

    assert variables["datasource"] == "datasource"
    assert {each["datasource"]["uid"] for each in asked + marks} == {"${datasource}"}


@every_board
def test_the_dashboard_declares_exactly_its_variables(board: dict[str, Any]) -> None:
    declared = {variable["name"] for variable in board["templating"]["list"]} - {"datasource"}
    written = json.dumps(queries(board)).replace("$__rate_interval", "")

    used = {word.split("]")[0].split('\\"')[0] for word in written.split("$")[1:] if not word[0].isdigit()}
    assert used == declared


def test_the_dashboard_selects_this_model_alone_in_every_query() -> None:
    """Each selector names the namespace and the model, in the words of the one who tells."""
    asked = queries(json.loads(TEXTS["model"]))

    assert len(asked) >= 30
    for query in asked:
        selectors = query.replace("{5}", "").count("{")
        assert query.count('namespace="flowers"') == selectors
        words = 'model="iris"', 'service=~"iris(-canary)?"', 'pod=~"iris(-canary)?-'
        named = sum(map(query.count, words))
        assert named == selectors


def test_the_requests_of_a_candidate_count_as_those_of_the_model() -> None:
    [server] = {found for query in queries(json.loads(TEXTS["model"])) for found in _SERVICE.findall(query)}

    assert re.fullmatch(server, "iris")
    assert re.fullmatch(server, metadata.canary_name_of("iris"))
    assert not re.fullmatch(server, "iris-eu")


def test_no_probe_counts_as_a_request() -> None:
    """Probes are always answered: a hundred of them would hide a failure."""
    for text in (TEXTS["model"], TEXTS["fleet"]):
        counted = [query for query in queries(json.loads(text)) if "http_request" in query]
        asked = [query for query in counted if "in_flight" not in query]

        assert asked
        for query in asked:
            assert query.count("http_request") == query.count('route!~"/livez|/readyz|/metrics"')


def test_the_promise_made_to_users_moves_the_budget_and_the_line() -> None:
    strict, lax = (
        json.loads(model.build("flowers", "iris", Objectives(availability, latency)))
        for availability, latency in ((999, 100), (990, 500))
    )

    def budget(board: dict[str, Any]) -> str:
        [panel] = [panel for panel in panels(board) if panel["title"] == "Error budget left"]
        return str(panel["targets"][0]["expr"])

    def line(board: dict[str, Any]) -> float:
        [panel] = [panel for panel in panels(board) if panel["title"] == "Latency"]
        return float(panel["fieldConfig"]["defaults"]["thresholds"]["steps"][-1]["value"])

    assert budget(strict).endswith("* 1000 / 1")
    assert budget(lax).endswith("* 1000 / 10")
    assert (line(strict), line(lax)) == (0.1, 0.5)


def test_single_requests_stand_on_the_latency_graph_by_their_ids() -> None:
    [latency] = [panel for panel in panels(json.loads(TEXTS["model"])) if panel["title"] == "Latency"]

    assert all(target["exemplar"] for target in latency["targets"])


@every_board
def test_the_dashboard_has_no_overlapping_panels(board: dict[str, Any]) -> None:
    taken = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in board["panels"]
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]

    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


def test_the_queries_of_the_page_about_a_model_are_those_of_its_dashboard() -> None:
    page = (COMMITTED.parents[2] / "docs/how-is-my-model.md").read_text("utf-8")
    built = json.loads(model.build("iris", "iris", OBJECTIVES))
    drawn = {"".join(query.replace("$__rate_interval", "5m").split()) for query in queries(built)}

    shown = ["".join(query.split()) for query in re.findall(r"```promql\n(.*?)```", page, re.DOTALL)]

    assert len(shown) == 5
    assert set(shown) <= drawn
