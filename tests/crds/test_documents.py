"""README and reference of the API are right: examples are accepted, tables are complete."""

import re

import pytest
import yaml
from iris_api import reasons

from tests.crds.placement_refusals import PLACEMENT
from tests.crds.schema import PATH
from tests.crds.workload_refusals import WORKLOAD
from tests.harness import kubernetes

TOP = PATH.parents[1]
README = (TOP / "crds" / "README.md").read_text("utf-8")
REFERENCE = (TOP / "docs" / "reference" / "irismodel.md").read_text("utf-8")


def blocks(language: str, document: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)\n```", document, re.MULTILINE | re.DOTALL)


EXAMPLES = [yaml.safe_load(block) for block in blocks("yaml", README)]


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
    "reason", [value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)]
)
def test_the_reference_has_every_reason_of_the_operator(reason: str) -> None:
    assert re.search(rf"^\|.*`{reason}`.*\|$", REFERENCE, re.MULTILINE)


@pytest.mark.parametrize("quote", blocks("text", REFERENCE))
def test_the_reference_quotes_real_answers_of_the_api_server(quote: str) -> None:
    field, _, says = quote.partition(": Invalid value: ")

    assert any(refusal.field == field and refusal.says in says for refusal in (*WORKLOAD, *PLACEMENT))
