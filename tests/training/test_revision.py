"""The commit in the card is that of the training code, never that of another repository around it."""

import subprocess
from pathlib import Path

from iris_training import revision


def git(folder: Path, *words: str) -> str:
    options = ["-c", "user.name=T", "-c", "user.email=t@example.com", "-C", str(folder)]
    done = subprocess.run(["git", *options, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_commit_of_a_tracked_file_shows_uncommitted_changes(tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text("1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    head = git(tmp_path, "rev-parse", "HEAD")
    git(tmp_path, "tag", "-am", "x", "v1")

    assert revision.of(file) == head
    file.write_text("2\n")
    assert revision.of(file) == f"{head}-dirty"


def test_code_installed_below_another_repository_has_no_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-qm", "first", "--allow-empty")
    file = tmp_path / "installed.py"
    file.touch()

    assert revision.of(file) is None
