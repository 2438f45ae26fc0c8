"""No file names a package on a public index that could be a stranger's: ours come from the checkout."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.repository.test_rules import FILES, PACKAGES, ROOT

# Installers that look a bare name up on a public index. Debian's apt-get is not one of them.
_INSTALLERS: Final = re.compile(
    r"\b(?:pip3?|pipx|uv tool|uv add|npm|pnpm|yarn|cargo|brew|gem|conda) (?:install|add|i|run)\b([^`#;&|\n]*)"
    r"|\b(?:uvx|npx|pipx run|go install|docker pull|docker run)\b([^`#;&|\n]*)"
)
# Checked by hand: each is the well-known project of that name.
_TRUSTED: Final = frozenset({"uv"})
_VALUED: Final = frozenset(
    {"--python", "-r", "-c", "--requirement", "--constraint", "--index-url", "-e", "--editable"}
)
_OURS: Final = {
    tomllib.loads((package / "pyproject.toml").read_text("utf-8"))["project"]["name"]: package
    for package in PACKAGES
}
_THIS: Final = Path(__file__)


def _commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each install command and the names of packages or paths that it is given."""
    for match in _INSTALLERS.finditer(text.replace("\\\n", " ")):
        words = iter((match[1] or match[2] or "").split())
        names = []
        for word in words:
            if word in _VALUED and word not in {"-e", "--editable"}:
                next(words, None)
            elif not word.startswith("-") and not word.startswith(("$", '"$', "'$")):
                names.append(word.strip("\"',()"))
        yield " ".join(match[0].split()), names


def _found() -> Iterator[tuple[Path, str, list[str]]]:
    for file in FILES:
        if file == _THIS or file.name == "requirements.lock":
            continue
        try:
            text = file.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        for command, names in _commands(text):
            yield file, command, names


def _pinned(name: str) -> str:
    return re.split(r"[=<>~!\[]", name, maxsplit=1)[0]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("pip install iris-cli; kubectl finds it", ["iris-cli"]),
        ("uv pip install --python .venv/bin/python ./operator ./cli", ["./operator", "./cli"]),
        ("uvx iris-cli get", ["iris-cli", "get"]),
        ("docker pull iris/server:1", ["iris/server:1"]),
        ('pip install --quiet "uv==${UV_VERSION}"', ["uv==${UV_VERSION}"]),
    ],
)
def test_the_rule_reads_an_install_command(line: str, names: list[str]) -> None:
    assert [found for _, found in _commands(line)] == [names]


def test_every_install_command_names_a_path_in_the_checkout() -> None:
    """A bare name is looked up on the public index, where it may belong to somebody else."""
    strange = [
        f"{file.relative_to(ROOT)}: {command}"
        for file, command, names in _found()
        for name in names
        if not name.startswith("./") and _pinned(name) not in _TRUSTED
    ]

    assert strange == []


def test_an_install_command_names_our_packages_with_those_they_need() -> None:
    """Otherwise pip would look for the missing one on the public index."""
    missing = []
    for file, command, names in _found():
        if "--no-deps" in command:
            continue
        given = {ROOT / name for name in names if name.startswith("./")}
        for package in given & set(_OURS.values()):
            needed = tomllib.loads((package / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
            ours = {_OURS[_pinned(one)] for one in needed if _pinned(one) in _OURS}
            missing += [f"{file.relative_to(ROOT)}: {command}: ./{one.name}" for one in ours - given]

    assert missing == []


def test_the_lock_holds_none_of_our_packages() -> None:
    """They are installed from the checkout; a locked one would come from the public index."""
    locked = {
        _pinned(line.split()[0])
        for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines()
        if line[:1].isalnum()
    }

    assert len(locked) > 50
    assert locked & set(_OURS) == set()
