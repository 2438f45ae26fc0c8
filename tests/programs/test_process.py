"""Programs of the user, run for real: what they write, and how they fail."""

import sys
from pathlib import Path

import pytest
from iris_programs import process
from iris_programs.git import Git
from iris_programs.process import ProgramFailed, ProgramNotFound, ProgramTimedOut


def test_the_answer_has_both_outputs_and_keeps_line_endings() -> None:
    script = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read()); sys.exit('one\\n\\ntwo')"

    answer = process.answer([sys.executable, "-c", script], seconds=60, content="a\r\nü")

    assert (answer.code, answer.stdout) == (1, "a\r\nü")
    assert process.last_line(answer.stderr) == "two"


def test_a_program_without_content_reads_our_own_input() -> None:
    """A login of kubectl may ask its user there."""
    script = (
        "import sys; from iris_programs import process;"
        "print(process.answer([sys.executable, '-c', 'print(input())'], seconds=60).stdout.strip())"
    )

    answer = process.answer([sys.executable, "-c", script], seconds=60, content="a password\n")

    assert answer.stdout.strip() == "a password"


def test_a_program_that_does_not_end_is_killed() -> None:
    with pytest.raises(ProgramTimedOut, match=r"^no answer in 0.2 s$"):
        process.answer(["sleep", "60"], seconds=0.2)


def test_a_missing_program_is_named() -> None:
    with pytest.raises(ProgramNotFound, match=r"^no-such-program: not found$"):
        process.answer(["no-such-program"], seconds=60)


def test_a_failure_of_git_is_its_own_line_without_a_prefix(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match=r"^not a git repository") as failure:
        Git(tmp_path).run("status")

    assert "\n" not in failure.value.line


def test_git_ignores_the_repository_of_a_hook_that_runs_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other"))
    Git(tmp_path).run("init", "--quiet")

    assert (tmp_path / ".git").is_dir()
    assert not (tmp_path / "other").exists()


def test_settings_replace_those_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "somebody")
    git = Git(tmp_path, {"user.name": "iris", "user.email": "iris@localhost"})
    git.run("init", "--quiet")
    git.run("commit", "--quiet", "--allow-empty", "--message", "first")

    assert git.run("log", "--format=%an").strip() == "iris"
