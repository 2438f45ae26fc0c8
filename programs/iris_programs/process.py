"""Runs a program to its end, within a time limit."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


class ProgramFailed(Exception):  # noqa: N818 - an outcome
    """The program ended with a failure: `line` has its cause, `stderr` all that it wrote."""

    def __init__(self, line: str, stderr: str = "") -> None:
        super().__init__(line)
        self.line = line
        self.stderr = stderr


class ProgramNotFound(ProgramFailed):
    """There is no such program."""


class ProgramTimedOut(ProgramFailed):
    """The program did not end in time, and was killed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program wrote, decoded as UTF-8 without a change of line endings."""

    code: int
    stdout: str
    stderr: str


def answer(
    command: Sequence[str],
    *,
    seconds: float,
    content: str | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Answer:
    """Run it with `content` as its standard input, None: ours, where a login may ask its user.

    Raises ProgramNotFound and ProgramTimedOut.
    """
    try:
        ended = subprocess.run(
            list(command),
            input=None if content is None else content.encode(),
            capture_output=True,
            timeout=seconds,
            env=environment,
            cwd=folder,
            check=False,
        )
    except FileNotFoundError as error:
        raise ProgramNotFound(f"{command[0]}: not found") from error
    except subprocess.TimeoutExpired as error:
        raise ProgramTimedOut(f"no answer in {seconds:g} s") from error
    return Answer(
        ended.returncode, ended.stdout.decode(errors="replace"), ended.stderr.decode(errors="replace")
    )


def last_line(text: str) -> str:
    """The last line that is not empty: most programs name there why they failed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
