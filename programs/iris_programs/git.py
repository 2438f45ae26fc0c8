"""Runs git in one clone."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from iris_programs import process
from iris_programs.process import Answer, ProgramFailed

# A hook or a rebase that runs us sets these to its own repository.
_OF_A_REPOSITORY: Final = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"}
)


@dataclass(frozen=True, slots=True)
class Git:
    """A clone's folder, and settings that replace the user's: with them, no GIT_* variable is kept."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, seconds: float = 120) -> str:
        """Its standard output. Raises ProgramFailed with the line of the cause."""
        answer = self.answer(*arguments, seconds=seconds)
        if answer.code != 0:
            raise ProgramFailed(_cause(answer.stderr), answer.stderr)
        return answer.stdout

    def succeeds(self, *arguments: str) -> bool:
        return self.answer(*arguments).code == 0

    def answer(self, *arguments: str, seconds: float = 120) -> Answer:
        """Run it. Raises ProgramNotFound and ProgramTimedOut."""
        options = [word for name, value in self.settings.items() for word in ("-c", f"{name}={value}")]
        command = ["git", *options, *arguments]
        return process.answer(
            command, content="", seconds=seconds, environment=self._environment(), folder=self.folder
        )

    def _environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _OF_A_REPOSITORY and not (self.settings and name.startswith("GIT_"))
        }
        # No prompt on the terminal, and messages in one language.
        return kept | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _cause(errors: str) -> str:
    """The first line that reports an error, else the last one that is no hint."""
    lines = [line.strip() for line in errors.splitlines() if line.strip() and not line.startswith("hint:")]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:", "!"))]
    found: Sequence[str] = fatal or lines[-1:] or ["no message"]
    return found[0].removeprefix("fatal: ").removeprefix("error: ")
