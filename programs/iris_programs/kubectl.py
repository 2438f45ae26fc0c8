"""Runs kubectl: every kubeconfig, login and proxy that works there works here."""

import shutil
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from iris_programs import process
from iris_programs.process import Answer, ProgramFailed, ProgramNotFound


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with its options, such as `--context`. Asks no cluster by itself."""

    program: str
    options: tuple[str, ...] = ()

    def command(self, *arguments: str) -> list[str]:
        return [self.program, *self.options, *arguments]

    def answer(self, *arguments: str, content: str | None = None, seconds: float = 30) -> Answer:
        """Run it. Raises ProgramTimedOut."""
        return process.answer(self.command(*arguments), seconds=seconds, content=content)

    def run(self, *arguments: str, content: str | None = None, seconds: float = 30) -> str:
        """Its standard output. Raises ProgramFailed with its last line."""
        answer = self.answer(*arguments, content=content, seconds=seconds)
        if answer.code != 0:
            raise ProgramFailed(process.last_line(answer.stderr), answer.stderr)
        return answer.stdout

    def lines(self, *arguments: str) -> Iterator[str]:
        """Its output line by line until it ends, as of a watch. Raises ProgramFailed."""
        pipe = subprocess.PIPE
        with subprocess.Popen(self.command(*arguments), stdout=pipe, stderr=pipe, text=True) as running:
            try:
                yield from running.stdout or ()
            finally:
                running.terminate()
            if running.wait() > 0 and running.stderr is not None:
                errors = running.stderr.read()
                raise ProgramFailed(process.last_line(errors), errors)


def find(given: Mapping[str, str | None] | None = None) -> Kubectl:
    """kubectl from PATH, else the one of this environment's packages. Raises ProgramNotFound.

    `given` has options with their values; those without a value are left out.
    """
    beside = Path(sysconfig.get_path("scripts")) / "kubectl"
    program = shutil.which("kubectl") or (str(beside) if beside.is_file() else None)
    if program is None:
        raise ProgramNotFound("kubectl: not found")
    return Kubectl(program, tuple(f"--{name}={value}" for name, value in (given or {}).items() if value))
