"""README and reference of the API are right: examples are accepted, tables are complete."""

import re

import pytest
import yaml
from iris_api import reasons

from tests.crds.placement_refusals import PLACEMENT
from tests.crds.schema import PATH, ROOT, SPEC, defaults, fields
from tests.crds.workload_refusals import WORKLOAD
from tests.harness import kubernetes

TOP = PATH.parents[1]
README = (TOP / "crds" / "README.md").read_text("utf-8")
REFERENCE = (TOP / "docs" / "reference" / "irismodel.md").read_text("utf-8")


def blocks(language: str, document: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)\n```", document, re.MULTILINE | re.DOTALL)


def rows(section: str) -> dict[str, str]:
    """A section's tables: each code word of a first cell with its second cell."""
    body = REFERENCE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1:3] for line in body.splitlines() if line.startswith("| ")]
    return {name: second.strip() for first, second in cells for name in re.findall(r"`([^`]+)`", first)}


EXAMPLES = [yaml.safe_load(block) for block in blocks("yaml", README)]
FIELDS, STATUS = rows("Fields"), rows("Status")


def test_the_readme_has_examples() -> None:
    assert [example["metadata"]["name"] for example in EXAMPLES] == ["iris", "iris-production", "iris-trial"]


@pytest.mark.cluster
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["metadata"]["name"])
async def test_the_api_server_accepts_the_examples(
    cluster: kubernetes.Cluster, example: kubernetes.Manifest
) -> None:
    written = example | {"metadata": {"name": example["metadata"]["name"]}}

    stored = await cluster.create(written)

    assert stored["spec"]["version"] == example["spec"]["version"]


@pytest.mark.parametrize(
    "path",
    [
        path
        for path, field in fields(SPEC)
        if "[]" not in path and "*" not in path and field.get("type") != "object"
    ],
)
def test_the_reference_has_every_field_of_the_spec_with_its_default(path: str) -> None:
    default = dict(defaults(SPEC)).get(path)
    shown = {None: "", True: "`true`", False: "`false`"}.get(default, f"`{default}`")

    assert FIELDS[path].startswith(shown)


@pytest.mark.parametrize(
    "path",
    [
        "nodeSelector",
        "commonMetadata.labels",
        "commonMetadata.annotations",
        "route.annotations",
        "autoscaling",
        "route",
    ],
)
def test_the_reference_has_every_map_and_switch_of_the_spec(path: str) -> None:
    assert FIELDS[path] == "none"


@pytest.mark.parametrize("name", ROOT["properties"]["status"]["properties"])
def test_the_reference_has_every_field_of_the_status(name: str) -> None:
    assert name in STATUS


@pytest.mark.parametrize(
    "reason", [value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)]
)
def test_the_reference_has_every_reason_of_the_operator(reason: str) -> None:
    assert re.search(rf"^\|.*`{reason}`.*\|$", REFERENCE, re.MULTILINE)


@pytest.mark.parametrize("quote", blocks("text", REFERENCE))
def test_the_reference_quotes_real_answers_of_the_api_server(quote: str) -> None:
    field, _, says = quote.partition(": Invalid value: ")

    assert any(refusal.field == field and refusal.says in says for refusal in (*WORKLOAD, *PLACEMENT))
