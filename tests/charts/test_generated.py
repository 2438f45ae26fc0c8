"""What in the charts is made from other files is up to date; every value is explained and in the schema."""

import json
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

import pytest
import yaml
from iris_delivery import charts
from iris_delivery.errors import Refused

_ROOT = Path(__file__).resolve().parents[2]
_OPERATOR = _ROOT / "charts" / "iris-operator"


@pytest.mark.parametrize("path", charts.generated(_ROOT), ids=str)
def test_a_generated_file_is_up_to_date(path: Path) -> None:
    assert (_ROOT / path).read_text() == charts.generated(_ROOT)[path], "run: make charts"


def _named(schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """What a schema names one by one; inside of an open object (labels) the user does."""
    for name, child in schema["properties"].items():
        if child.get("additionalProperties") is False:
            yield from _named(child, f"{path}{name}.")
        else:
            yield f"{path}{name}"


def _given(values: Mapping[str, Any], named: Set[str], path: str = "") -> Iterator[str]:
    for name, child in values.items():
        if isinstance(child, dict) and f"{path}{name}" not in named:
            yield from _given(child, named, f"{path}{name}.")
        else:
            yield f"{path}{name}"


def test_the_schema_knows_exactly_the_operators_values() -> None:
    values = yaml.safe_load((_OPERATOR / "values.yaml").read_text())
    named = set(_named(json.loads((_OPERATOR / "values.schema.json").read_text()))) - {"global"}

    assert set(_given(values, named)) == named


def test_every_object_in_a_schema_refuses_unknown_values() -> None:
    def open_objects(node: Mapping[str, Any], path: str) -> Iterator[str]:
        if "properties" in node and node.get("additionalProperties") is not False:
            yield path
        for name, child in node.get("properties", {}).items():
            yield from open_objects(child, f"{path}.{name}")
        if isinstance(node.get("items"), dict):
            yield from open_objects(node["items"], f"{path}[]")

    for name in charts.CHARTS:
        schema = json.loads((_ROOT / "charts" / name / "values.schema.json").read_text())
        assert list(open_objects(schema, name)) == []


def test_a_value_without_a_comment_is_refused() -> None:
    with pytest.raises(Refused, match=r"^values.yaml: replicas has no comment"):
        list(charts.commented("# What.\nimage: x\nreplicas: 2\n"))


def test_a_comment_of_several_lines_is_one_sentence_of_the_table() -> None:
    rows = list(charts.commented("block:\n  # One\n  # two.\n  value: [1]\n"))

    assert rows == [("block.value", "[1]", "One two.")]


def test_no_chart_holds_a_copy_of_the_api() -> None:
    assert not list((_ROOT / "charts").rglob("crds"))
