"""Author and subject of a commit, from a real clone; nothing where the commit or the clone is missing."""

from datetime import datetime
from pathlib import Path

import pytest
from iris_cli import commits
from iris_programs.git import Git


@pytest.fixture
def clone(tmp_path: Path) -> Git:
    git = Git(tmp_path, {"user.name": "Ann Bee", "user.email": "ann@example.test"})
    git.run("init", "--quiet")
    git.run("commit", "--quiet", "--allow-empty", "--message", "Serve 1.4.0\x1b[2J\n\nWhy.")
    return git


def test_an_entry_gets_author_and_subject_of_its_commit(clone: Git) -> None:
    revision = f"main@sha1:{clone.run('rev-parse', 'HEAD').strip()}"

    [entry] = commits.with_authors(clone.folder, [{"version": "1.4.0", "revision": revision}])

    assert (entry["author"], entry["subject"]) == ("Ann Bee", "Serve 1.4.0 [2J")
    assert datetime.fromisoformat(entry["committed"]).tzinfo is not None


@pytest.mark.parametrize(
    "revision",
    ["", "main", "main@sha1:0123456789", "main@sha1:--help", "main@sha1:HEAD"],
    ids=["none", "no commit", "of another repository", "an option", "a name"],
)
def test_an_entry_without_a_commit_of_this_clone_stays_as_it_is(clone: Git, revision: str) -> None:
    entries = [{"version": "1.4.0", "revision": revision}]

    assert commits.with_authors(clone.folder, entries) == entries


def test_outside_a_clone_the_history_stays_as_it_is(tmp_path: Path) -> None:
    entries = [{"version": "1.4.0", "revision": "main@sha1:0123456789"}]

    assert commits.with_authors(tmp_path, entries) == entries


@pytest.mark.parametrize(
    ("revision", "short"),
    [
        ("main@sha1:0123456789abcdef", "main@0123456"),
        ("v1.4.0@0123456789", "v1.4.0@0123456"),
        ("a-tag", "a-tag"),
        ("", ""),
    ],
)
def test_a_revision_is_shortened_as_people_write_it(revision: str, short: str) -> None:
    assert commits.short(revision) == short
