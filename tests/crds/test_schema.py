"""The CRD file by itself: everything described and bounded, defaults that take effect, small enough."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.crds.schema import CRD, PATH, ROOT, SPEC, VERSION, defaults, fields

ALL = dict(fields(ROOT))
# The API server owns these three and knows them better.
OURS = {path: field for path, field in ALL.items() if path not in {"apiVersion", "kind", "metadata"}}


def every(kind: str) -> list[Any]:
    """The fields of a type, as test parameters."""
    return [pytest.param(field, id=path) for path, field in OURS.items() if field.get("type") == kind]


@pytest.mark.parametrize("path", OURS)
def test_the_schema_describes_every_field(path: str) -> None:
    description = OURS[path].get("description", "")

    assert len(description) >= 10
    assert description.endswith(".")


@pytest.mark.parametrize("path", [path for path, _ in defaults(SPEC)])
def test_the_schema_describes_every_default(path: str) -> None:
    field = OURS[f"spec.{path}"]

    shown = str(field["default"]).lower() if isinstance(field["default"], bool) else str(field["default"])
    description = field["description"]

    assert (
        f"Default {shown}" in description
        or f"Default `{shown}`" in description
        or f"{shown} (default" in description
    )


@pytest.mark.parametrize("field", every("string"))
def test_the_schema_bounds_every_string(field: dict[str, Any]) -> None:
    assert ("maxLength" in field) != ("enum" in field)


@pytest.mark.parametrize("field", [*every("integer")])
def test_the_schema_bounds_every_number(field: dict[str, Any]) -> None:
    assert "minimum" in field
    assert "format" in field


@pytest.mark.parametrize("path", [path for path, field in fields(SPEC) if field.get("type") == "integer"])
def test_the_schema_bounds_every_number_of_a_user_on_both_sides(path: str) -> None:
    field = OURS[f"spec.{path}"]

    assert {"minimum", "maximum"} <= field.keys()
    assert str(field["maximum"]) in field["description"]


@pytest.mark.parametrize("field", every("array"))
def test_the_schema_bounds_every_list_and_says_how_it_merges(field: dict[str, Any]) -> None:
    assert "maxItems" in field
    assert "x-kubernetes-list-type" in field


@pytest.mark.parametrize("field", every("object"))
def test_the_schema_bounds_every_map(field: dict[str, Any]) -> None:
    assert ("additionalProperties" in field) == ("maxProperties" in field)


def test_the_schema_has_only_whole_numbers_and_no_phase() -> None:
    types = {field.get("type", "quantity") for field in OURS.values()}

    assert types == {"object", "array", "string", "integer", "boolean", "quantity"}
    assert not [path for path in ALL if path.endswith("phase")]


def test_the_schema_bounds_every_quantity() -> None:
    quantities = {path: field for path, field in OURS.items() if "type" not in field}

    assert len(quantities) == 4
    for field in quantities.values():
        assert field["x-kubernetes-int-or-string"]
        assert {"maxLength", "pattern", "x-kubernetes-validations"} <= field.keys()


def hidden_defaults(schema: dict[str, Any], path: str = "spec") -> Iterator[str]:
    """Objects without a default of their own that hide their children's defaults while they are absent."""
    for name, field in schema.get("properties", {}).items():
        here = f"{path}.{name}"
        if any(True for _ in defaults(field)) and "properties" in field and "default" not in field:
            yield here
        yield from hidden_defaults(field, here)


def test_the_schema_lets_defaults_of_children_take_effect_except_where_presence_is_the_switch() -> None:
    assert set(hidden_defaults(SPEC)) == {
        "spec.artifact",
        "spec.artifact.image",
        "spec.autoscaling",
        "spec.rollout",
        "spec.route",
        "spec.verify",
    }


def test_the_schema_gives_parents_an_empty_default_only() -> None:
    parents = [
        field["default"]
        for field in dict(fields(SPEC)).values()
        if field.get("type") == "object" and "default" in field
    ]

    assert parents
    assert all(default == {} for default in parents)


RULES = [
    pytest.param(field, rule, id=f"{path}-{number}")
    for path, field in [("root", ROOT), *ALL.items()]
    for number, rule in enumerate(field.get("x-kubernetes-validations", []))
]


@pytest.mark.parametrize(("field", "rule"), RULES)
def test_every_rule_of_the_schema_says_what_it_expected(field: dict[str, Any], rule: dict[str, str]) -> None:
    """The API server shows a scalar that it refuses, but never a whole object: there the message says it."""
    words = rule.get("messageExpression") or rule["message"]

    assert "expected" in words
    assert "found" in words or field is ROOT or field.get("type") != "object"


@pytest.mark.parametrize(("field", "rule"), RULES)
def test_the_schema_drops_no_message_because_of_a_line_break(
    field: dict[str, Any], rule: dict[str, str]
) -> None:
    """An expression that gives a line break is dropped, so none may repeat what a user typed as free text."""
    repeated = {
        name for name in field.get("properties", {}) if f"self.{name}" in rule.get("messageExpression", "")
    }

    typed = [name for name in repeated if field["properties"][name].get("type") == "string"]
    assert [name for name in typed if "enum" not in field["properties"][name]] == []


def test_the_schema_requires_the_version_only() -> None:
    assert SPEC["required"] == ["version"]
    assert ROOT["required"] == ["spec"]


def test_the_schema_defaults_to_a_status_in_progress() -> None:
    assert ROOT["properties"]["status"]["default"] == {"observedGeneration": -1}


def test_the_schema_has_the_columns_of_the_design() -> None:
    columns = [(column["name"], column.get("priority", 0)) for column in VERSION["additionalPrinterColumns"]]

    assert columns == [
        ("Version", 0), ("Serving", 0), ("Ready", 0), ("Replicas", 0), ("URL", 0), ("Age", 0), ("Reason", 1),
        ("Rollout", 1),
    ]  # fmt: skip


def test_the_schema_has_the_group_version_and_names_of_the_api() -> None:
    assert CRD["spec"]["group"] == "serving.two.inc"
    assert VERSION["name"] == "v1alpha1"
    assert CRD["spec"]["names"] == {
        "kind": "IrisModel",
        "listKind": "IrisModelList",
        "plural": "irismodels",
        "singular": "irismodel",
        "shortNames": ["im"],
    }


def test_the_schema_fits_into_the_annotations_of_tools() -> None:
    """Annotations end at 256 kB, and Helm and kubectl copy whole CRDs, as JSON; ours stays far below."""
    schema = json.dumps(yaml.safe_load(PATH.read_text("utf-8")))

    assert len(schema) < 64_000


def test_the_schema_is_listed_in_the_kustomization() -> None:
    kustomization = yaml.safe_load((PATH.parent / "kustomization.yaml").read_text("utf-8"))

    assert kustomization["resources"] == [path.name for path in PATH.parent.glob("*.serving.two.inc.yaml")]
