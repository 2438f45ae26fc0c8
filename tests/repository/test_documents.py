"""Rules for every document: links lead somewhere, decisions have one form, nothing stands twice."""

import re
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest

from tests.repository.test_rules import FILES, ROOT, named

DOCUMENTS: Final = [file for file in FILES if file.suffix == ".md"]
DECISIONS: Final = ROOT / "docs" / "decisions"
RECORDS: Final = sorted(DECISIONS.glob("[0-9]*.md"))
LONGEST_RECORD: Final = 25
LONGEST_README: Final = 120
READMES: Final = [file for file in DOCUMENTS if file.name == "README.md"]
_FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
FORBIDDEN: Final = {"operator/__init__.py"}
# A path from the top folder, as the source map and others name it.
_PATH: Final = re.compile(
    r"`((?:benchmarks|charts|cli|client|clusters|crds|delivery|docs|local_cluster|model_server|operator|scripts|tests"
    r"|training)/[\w./-]+)`"
)
_LINK: Final = re.compile(r"\]\((?!https?://|mailto:)([^)\s]+)\)")


def prose(document: Path) -> str:
    """A document without its code blocks."""
    return _FENCE.sub("", document.read_text("utf-8"))


def anchors(document: Path) -> set[str]:
    """The fragments by which GitHub reaches a document's headings."""
    titles = re.findall(r"^#+ (.*)$", prose(document), re.MULTILINE)
    kept = (
        "".join(c for c in title.lower() if c in "- _" or unicodedata.category(c)[0] in "LN")
        for title in titles
    )
    return {title.strip().replace(" ", "-") for title in kept}


@pytest.mark.parametrize("document", DOCUMENTS, ids=named(DOCUMENTS))
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    broken = []
    for link in _LINK.findall(prose(document)):
        path, _, fragment = link.partition("#")
        target = (document.parent / path) if path else document
        if not target.exists() or (fragment and fragment not in anchors(target)):
            broken.append(link)

    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named(DOCUMENTS))
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    missing = [
        path
        for path in _PATH.findall(prose(document))
        if not (ROOT / path).exists() and not list(ROOT.glob(f"clusters/*/{path}"))
    ]

    assert [path for path in missing if path not in FORBIDDEN] == []


def test_every_make_target_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    named_targets = {
        target
        for document in DOCUMENTS
        for target in re.findall(r"(?:^|`|&& )make ([a-z][a-z-]+)", document.read_text("utf-8"), re.MULTILINE)
    }
    assert len(named_targets) > 10
    assert named_targets <= targets


@pytest.mark.parametrize("readme", READMES, ids=named(READMES))
def test_a_readme_is_short(readme: Path) -> None:
    """Reference and operations are in docs."""
    assert len(readme.read_text("utf-8").splitlines()) <= LONGEST_README


@pytest.mark.parametrize("record", RECORDS, ids=[record.stem for record in RECORDS])
def test_a_decision_has_context_decision_rejected_option_and_consequences(record: Path) -> None:
    text = record.read_text("utf-8")

    assert text.startswith(f"# {record.stem[:4]}: ")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Rejected", "Consequences"]
    assert len(text.splitlines()) <= LONGEST_RECORD


def test_decisions_are_numbered_without_a_gap_and_listed() -> None:
    index = (DECISIONS / "README.md").read_text("utf-8")

    assert [record.stem[:4] for record in RECORDS] == [f"{n:04d}" for n in range(1, len(RECORDS) + 1)]
    assert [record.name for record in RECORDS if f"({record.name})" not in index] == []


def test_no_table_row_is_in_two_documents() -> None:
    """A figure or explanation that is written twice will one day disagree with itself."""
    places = defaultdict(set)
    for document in DOCUMENTS:
        for line in prose(document).splitlines():
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            # A row of two short cells, such as a heading, may repeat.
            if line.startswith("|") and set("".join(cells)) - set("-: ") and len("".join(cells)) > 40:
                places[" | ".join(cells)].add(str(document.relative_to(ROOT)))

    assert {row: found for row, found in places.items() if len(found) > 1} == {}
