"""The dashboard of one model: found by its title, replaced by its uid, small enough for a ConfigMap."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from iris_operator import dashboard

NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,50}[a-z0-9])?", fullmatch=True)


def built(namespace: str = "flowers", name: str = "iris") -> dict[str, Any]:
    board: dict[str, Any] = json.loads(dashboard.build(namespace, name))
    return board


def test_is_named_after_its_model() -> None:
    assert built()["title"] == "Iris Model Serving / flowers/iris"


def test_carries_the_uid_that_links_to_it_use() -> None:
    """A changed uid would break every bookmark."""
    assert built()["uid"] == dashboard.uid("flowers", "iris") == "iris-07be2c854c77cae9b4763399"


@given(NAMES, NAMES)
def test_fits_every_uid_into_what_grafana_stores(namespace: str, name: str) -> None:
    assert len(dashboard.uid(namespace, name)) <= 40


@given(st.tuples(NAMES, NAMES), st.tuples(NAMES, NAMES))
def test_gives_every_model_a_uid_of_its_own(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (dashboard.uid(*one) == dashboard.uid(*other)) == (one == other)


def test_stays_under_200_kib() -> None:
    longest = dashboard.build("n" * 63, "m" * 52)

    assert len(longest.encode()) < 200 * 1024


def test_gives_the_same_model_the_same_bytes() -> None:
    dashboard.build.cache_clear()
    first = dashboard.build("flowers", "iris")
    dashboard.build.cache_clear()

    assert dashboard.build("flowers", "iris") == first


def test_asks_the_data_source_that_the_reader_chooses() -> None:
    board = built()

    [variable] = board["templating"]["list"]
    used = {panel["datasource"]["uid"] for panel in board["panels"] if panel["type"] != "row"}
    assert (variable["name"], variable["type"]) == ("datasource", "datasource")
    assert used == {"${datasource}"}


def test_asks_for_this_model_alone_in_every_query() -> None:
    queries = [target["expr"] for panel in built()["panels"] for target in panel.get("targets", ())]

    assert len(queries) >= 12
    for query in queries:
        assert query.count("{") == query.count('namespace="flowers"')
        assert query.count("{") == query.count('model="iris"') + query.count('service="iris"')


def test_lays_no_panel_over_another() -> None:
    taken = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in built()["panels"]
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]

    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
