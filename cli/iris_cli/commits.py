"""Who made a commit, when and why: read from the clone in the current folder, if it has the commit."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from iris_programs.git import Git
from iris_programs.process import ProgramNotFound, ProgramTimedOut

# Flux writes branch@sha1:commit.
_COMMIT: Final = re.compile(r"[0-9a-f]{7,64}")
_LONGEST_REVISION: Final = 20


def with_authors(folder: Path, entries: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """The history with `author`, `subject` and `committed` where the commit is here, else as it was."""
    return [{**entry, **_commit(Git(folder), entry.get("revision", ""))} for entry in entries]


def short(revision: str) -> str:
    """Shorten main@sha1:0123456789… to main@0123456."""
    branch, _, digest = revision.partition("@")
    if not digest:
        return revision[:_LONGEST_REVISION]
    return f"{branch}@{digest.partition(':')[2][:7] or digest[:7]}"


def digest(revision: str) -> str:
    """The commit in main@sha1:0123456789…, empty where there is none."""
    commit = revision.rpartition(":")[2]
    return commit if _COMMIT.fullmatch(commit) else ""


def _commit(git: Git, revision: str) -> dict[str, str]:
    commit = digest(revision)
    if not commit:
        return {}
    try:
        answer = git.answer("show", "--no-patch", "--format=%an%x00%cI%x00%s", commit, seconds=10)
    except (ProgramNotFound, ProgramTimedOut):
        return {}
    if answer.stdout.count("\0") < 2:
        return {}
    author, committed, subject = answer.stdout.strip().split("\0", 2)
    return {"author": _printable(author), "subject": _printable(subject), "committed": committed}


def _printable(text: str) -> str:
    """Without what would command a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
