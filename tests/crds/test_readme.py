"""The user reference says what is true: its examples are accepted, its tables are complete."""

import re

import pytest
import yaml
from iris_operator import reasons

from tests.crds.placement_refusals import PLACEMENT
from tests.crds.schema import PATH, ROOT, SPEC, defaults, fields
from tests.crds.workload_refusals import WORKLOAD
from tests.harness import kubernetes

README = (PATH.parent / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)\n```", README, re.MULTILINE | re.DOTALL)


def rows(section: str) -> dict[str, str]:
    """A section's tables: each code word of a first cell with its second cell."""
    body = README.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    cells = [line.split("|")[1:3] for line in body.splitlines() if line.startswith("| ")]
    return {name: second.strip() for first, second in cells for name in re.findall(r"`([^`]+)`", first)}


EXAMPLES = [yaml.safe_load(block) for block in blocks("yaml")]
FIELDS, STATUS = rows("Fields"), rows("Status")


def test_has_examples() -> None:
    assert [example["metadata"]["name"] for example in EXAMPLES] == ["iris", "iris-production", "iris-trial"]


@pytest.mark.cluster
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["metadata"]["name"])
async def test_shows_examples_that_the_api_server_accepts(
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
def test_explains_every_field_of_the_spec(path: str) -> None:
    default = dict(defaults(SPEC)).get(path)
    shown = {None: "", True: "`true`", False: "`false`"}.get(default, f"`{default}`")

    assert FIELDS[path].startswith(shown)


@pytest.mark.parametrize("path", ["nodeSelector", "route.annotations", "autoscaling", "route"])
def test_explains_every_map_and_switch_of_the_spec(path: str) -> None:
    assert FIELDS[path] == "none"


@pytest.mark.parametrize("name", ROOT["properties"]["status"]["properties"])
def test_explains_every_field_of_the_status(name: str) -> None:
    assert name in STATUS


@pytest.mark.parametrize("reason", [value for name, value in vars(reasons).items() if name.isupper()])
def test_explains_every_reason_that_the_operator_gives(reason: str) -> None:
    assert re.search(rf"^\|.*`{reason}`.*\|$", README, re.MULTILINE)


@pytest.mark.parametrize("quote", blocks("text"))
def test_quotes_real_answers(quote: str) -> None:
    field, _, says = quote.partition(": Invalid value: ")

    assert any(refusal.field == field and refusal.says in says for refusal in (*WORKLOAD, *PLACEMENT))
