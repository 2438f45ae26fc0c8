"""The console's charts: what is read from a dashboard, and what is drawn for Prometheus' answers."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
from iris_cli.console import boards, charts, drawings
from iris_cli.console.boards import Limit, Panel, Query
from iris_cli.console.drawings import Span
from iris_operator.monitoring.dashboards import fleet, operator, tones

SPAN: Final = Span(end=1_800, seconds=900, variables={"namespace": ".*", "drift_window": "5m"})
UPLOT: Final = Path(boards.__file__).parent / "static/uplot"
BOARDS: Final = {"fleet": fleet.build(), "operator": operator.build()}


def panel(kind: str = "graph", *queries: Query, **fields: Any) -> Panel:
    given: dict[str, Any] = {
        "limits": (),
        "tones": (),
        "shows_name": False,
        "columns": {},
        "unit": "short",
        "width": 8,
    }
    given |= fields
    return Panel(1, "Title", "", kind, queries=queries or (Query("up", "", is_instant=False),), **given)


def series(*values: tuple[int, str], **labels: str) -> dict[str, Any]:
    return {"metric": labels, "values": list(values), "value": values[-1]}


@pytest.mark.parametrize("text", BOARDS.values(), ids=BOARDS)
def test_every_panel_and_query_of_a_dashboard_is_read(text: str) -> None:
    written = [body for body in json.loads(text)["panels"] if body["type"] != "row"]

    read = list(boards.read(text).panels())

    assert [each.title for each in read] == [body["title"] for body in written]
    assert [[query.expression for query in each.queries] for each in read] == [
        [target["expr"] for target in body["targets"]] for body in written
    ]


def test_a_query_has_no_variable_left() -> None:
    queries = [query for each in boards.of_fleet().panels() for query in each.queries]

    assert queries
    assert not [query for query in queries if re.search(r"\$[a-z_]", SPAN.filled(query))]


def test_the_declared_version_in_the_table_of_models_is_the_label() -> None:
    """The value of that series is always 1."""
    [table] = [each for each in boards.of_fleet().panels() if each.kind == "table"]
    names = {"model": "iris", "model_namespace": "iris"}
    results = [[series((0, "1"), **names, declared="1.4.0", serving="1.3.0")], [series((0, "1"), **names)]]
    results += [[], [], []]

    drawing = drawings.draw(table, results, SPAN)

    assert drawing["columns"] == ["model", "model_namespace", "declared", "serving", "ready"]
    assert drawing["rows"] == [["iris", "iris", "1.4.0", "1.3.0", 1.0]]


def test_the_values_of_a_tile_have_the_same_order_whatever_order_prometheus_gives() -> None:
    answer = [series((0, "1"), version="1.1.0"), series((0, "1"), version="1.0.0")]
    tile = panel("tile", Query("up", "{{version}}", is_instant=True), shows_name=True)

    drawing = drawings.draw(tile, [answer], SPAN)

    assert [value["name"] for value in drawing["values"]] == ["1.0.0", "1.1.0"]


def test_a_graph_has_a_gap_where_prometheus_has_no_number() -> None:
    end = SPAN.times[-1]
    answer = [series((end - 30, "1"), (end - 15, "NaN"), (end, "2"), version="1.4.0")]

    drawing = drawings.draw(panel("graph", Query("up", "{{version}}", is_instant=False)), [answer], SPAN)

    [line] = drawing["series"]
    assert line["name"] == "1.4.0"
    assert line["values"][-4:] == [None, 1.0, None, 2.0]
    assert len(line["values"]) == len(drawing["times"])


def test_a_graph_of_many_models_has_the_twenty_highest() -> None:
    answer = [series((SPAN.times[-1], str(number)), model=f"m{number}") for number in range(1000)]

    drawing = drawings.draw(panel("graph", Query("up", "{{model}}", is_instant=False)), [answer], SPAN)

    assert [line["name"] for line in drawing["series"]] == [f"m{number}" for number in range(999, 979, -1)]
    assert drawing["hidden"] == 980


@pytest.mark.parametrize(("value", "meaning"), [("-1", "failed"), ("0", "waits"), ("0.3", "ok")])
def test_a_tile_has_the_meaning_of_the_last_limit_that_it_reached(value: str, meaning: str) -> None:
    limits = (Limit(None, tones.RED), Limit(0, tones.YELLOW), Limit(0.25, tones.GREEN))

    drawing = drawings.draw(panel("tile", limits=limits), [[series((0, value))]], SPAN)

    assert drawing["values"] == [{"name": None, "value": float(value), "meaning": meaning}]


def test_a_tile_of_a_label_that_is_empty_is_none() -> None:
    query = Query("info", "{{revision}}", is_instant=True)

    drawing = drawings.draw(panel("tile", query, shows_name=True), [[series((0, "1"), revision="")]], SPAN)

    assert [value["name"] for value in drawing["values"]] == ["none"]


def test_a_choice_that_does_not_exist_is_the_usual_one() -> None:
    view = charts.choose(boards.of_fleet(), {"range": "<b>", "window": "x"}, None)

    assert (view.range, view.window, view.namespaces) == ("1h", "1h", ".*")


def test_the_library_that_draws_graphs_has_the_bytes_that_were_reviewed() -> None:
    """`uplot/README.md` has the version and the digest of each file."""
    written = re.findall(r"`(\S+)` \| `([0-9a-f]{64})`", (UPLOT / "README.md").read_text("utf-8"))

    assert dict(written) == {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in UPLOT.iterdir()
        if file.name != "README.md"
    }
