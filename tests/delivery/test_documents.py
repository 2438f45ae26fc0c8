"""Every command line of ours that a document or workflow shows is one that the command understands."""

import re
import shlex
from pathlib import Path

import pytest
from iris_delivery import arguments

_ROOT = Path(__file__).resolve().parents[2]
_DOCUMENTS = [
    *_ROOT.glob("docs/*.md"),
    *_ROOT.glob("*/README.md"),
    *_ROOT.glob("clusters/*/version.yaml"),
    *_ROOT.glob(".github/workflows/*.yaml"),
]
# A line, an inline code span, or a shell substitution that begins with the command and one of its verbs.
_LINE = re.compile(r"(?:^|`|\$\(|/|&& |: )iris-delivery ([a-z][^`\n#)|&]*)", re.MULTILINE)


def _shown() -> list[tuple[str, str]]:
    return [(path.name, line.strip()) for path in _DOCUMENTS for line in _LINE.findall(path.read_text())]


def test_commands_are_found_in_documents_and_workflows() -> None:
    names = {name for name, _ in _shown()}

    assert {"promote.md", "roll-back.md", "release.md", "README.md", "deploy.yaml", "tag.yaml"} <= names


@pytest.mark.parametrize(("document", "line"), _shown())
def test_a_shown_command_is_understood(document: str, line: str) -> None:
    words = shlex.split(line.replace('${VERSION:+--to "$VERSION"}', "--to 1.3.0").replace("$NUMBER", "7"))

    if len(words) == 1:  # a sentence that names a command by its verb
        words.append("--help")
        with pytest.raises(SystemExit, match=r"^0$"):
            arguments.parser().parse_args(words)
    else:
        arguments.parser().parse_args(words)
