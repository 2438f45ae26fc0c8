"""Shows, commits, or commits and pushes one edit: all of it or nothing."""

import difflib
from dataclasses import dataclass

from iris_delivery.errors import Refused
from iris_delivery.git import Repository


@dataclass(frozen=True, slots=True)
class Way:
    """How to carry out an edit, as the user asked."""

    dry_run: bool
    branch: str | None
    push: bool
    remote: str


@dataclass(frozen=True, slots=True)
class Edit:
    """The new text of one file, and the commit message."""

    path: str
    before: str
    after: str
    subject: str
    body: str


def carry_out(repository: Repository, edit: Edit, way: Way) -> str:
    """Carry out the edit; returns what to print: the diff, or the commit."""
    if way.dry_run:
        return diff(edit)
    repository.refuse_dirty()
    start, home = repository.head(), repository.branch()
    target = way.branch or home
    if way.push and target is None:
        raise Refused("branch", "none: HEAD is detached", "name one with --branch")
    if way.push and not repository.remote(way.remote):
        raise Refused(f"remote {way.remote}", "not found", "name one with --remote, or leave out --push")
    if way.branch:
        repository.run("switch", "--quiet", "--create", way.branch, way_out="choose another --branch")
    try:
        _commit(repository, edit)
        if way.push:
            repository.run(
                "push",
                "--quiet",
                way.remote,
                f"HEAD:refs/heads/{target}",
                way_out="git pull, then run it again",
            )
    except BaseException:
        # The tree was clean before, so this loses nothing of the user.
        repository.run("reset", "--quiet", "--hard", start)
        if way.branch:
            repository.run("switch", "--quiet", *([home] if home else ["--detach", start]))
            repository.run("branch", "--quiet", "-D", way.branch)
        raise
    return f"{repository.head()}\n"


def diff(edit: Edit) -> str:
    """The edit as git would print it."""
    lines = difflib.unified_diff(
        edit.before.splitlines(keepends=True),
        edit.after.splitlines(keepends=True),
        f"a/{edit.path}",
        f"b/{edit.path}",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _commit(repository: Repository, edit: Edit) -> None:
    # newline="" keeps the text's own line endings.
    with (repository.root / edit.path).open("w", encoding="utf-8", newline="") as file:
        file.write(edit.after)
    message = f"{edit.subject}\n\n{edit.body}"
    way_out = "set git config user.name and user.email"
    repository.run("commit", "--quiet", f"--message={message}", "--", edit.path, way_out=way_out)
