"""An image build as data, and the running of docker and buildah.

Turns their failures into one line and keeps the whole output in the cache.
"""

import re
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from iris_local_cluster import paths
from iris_local_cluster.errors import LocalClusterError


@dataclass(frozen=True, slots=True)
class Build:
    """One image to build: where its files are, which Dockerfile, its arguments, its name in the store.

    `target` is the stage to end with; empty: the last.
    """

    context: Path
    dockerfile: str
    arguments: Mapping[str, str]
    reference: str
    target: str = ""


def options(build: Build) -> list[str]:
    """The options that docker and buildah have in common."""
    arguments = [f"--build-arg={name}={value}" for name, value in build.arguments.items()]
    target = [f"--target={build.target}"] if build.target else []
    return [*arguments, *target, "--file", str(build.context / build.dockerfile), "--tag", build.reference]


def answer(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def require(command: list[str]) -> str:
    given = answer(command)
    if given.returncode != 0:
        raise LocalClusterError(f"{words(command)}: {reason(given.stderr.splitlines())}")
    return given.stdout


def follow(command: list[str], reference: str, note: Callable[[str], None]) -> None:
    """Run a build and report its steps; an error names the file with the full output."""
    said: list[str] = []
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            for line in process.stdout or ():
                said.append(line)
                if match := re.search(r"(?:STEP|Step|\[(?:\S+ )?)\s*\d+/\d+\]?[ :]+(.*)", line):
                    note(match[1].strip())
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        log = paths.cache() / "logs" / f"image-{reference.rpartition('/')[2].partition(':')[0]}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("".join(said))
        raise LocalClusterError(f"{words(command)} {reference}: {reason(said)} (full output: {log})")


def words(command: Sequence[str]) -> str:
    """`buildah push`, without the options and the programs before it."""
    programs = [word for word in command if word in {"docker", "buildah"}] or [command[0]]
    verbs = [word for word in command if word in {"build", "pull", "push", "tag", "from", "mount", "inspect"}]
    return " ".join([programs[0], *verbs[:1]])


def reason(lines: Iterable[str]) -> str:
    """The first error in a program's output; its last lines only report that some command failed."""
    found = [line.strip() for line in lines if line.strip()]
    # buildah's log lines are warnings about retries.
    own = [line for line in found if not line.startswith("time=")]
    errors = [line for line in own if re.match(r"(?i)(error|fatal)", line)]
    return (errors or own[-1:] or found or ["no message"])[0]
