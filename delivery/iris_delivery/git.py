"""One clone, through the git program: the only module that runs it. Any failure is git's own line."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from iris_delivery.errors import Refused, Unreachable

_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Commit:
    """One that touched a file."""

    sha: str
    message: str


@dataclass(frozen=True, slots=True)
class Repository:
    """A clone's work tree."""

    root: Path

    def run(self, *arguments: str, way_out: str = "correct the cause that git names") -> str:
        """Its standard output; raises Refused."""
        answer = self._answer(*arguments)
        if answer.returncode != 0:
            raise Refused(f"git {arguments[0]}", _last_line(answer.stderr), way_out)
        return answer.stdout

    def succeeds(self, *arguments: str) -> bool:
        return self._answer(*arguments).returncode == 0

    def head(self) -> str:
        return self.run("rev-parse", "HEAD", way_out="expected a clone with a commit").strip()

    def branch(self) -> str | None:
        """None on a detached HEAD."""
        return self.run("branch", "--show-current").strip() or None

    def refuse_dirty(self) -> None:
        """Untracked files do not count."""
        changed = self.run("status", "--porcelain", "--untracked-files=no").splitlines()
        if changed:
            raise Refused(
                "work tree", f"{len(changed)} changed, first {changed[0][3:]}", "commit or git stash first"
            )

    def remote(self, name: str) -> bool:
        return name in self.run("remote").split()

    def tags(self, remote: str) -> set[str]:
        """Ours and, where there is that remote, its own."""
        found = set(self.run("tag", "--list").split())
        if self.remote(remote):
            listed = self.run(
                "ls-remote",
                "--tags",
                "--refs",
                remote,
                way_out="check the name of the remote and the network",
            )
            found |= {line.rpartition("refs/tags/")[2] for line in listed.splitlines()}
        return found

    def show(self, commit: str, path: str) -> str:
        """A file as a commit has it."""
        if not self.succeeds("cat-file", "-e", f"{commit}:{path}"):
            raise Refused(path, f"not in commit {commit[:10]}", "expected it committed")
        return self.run("show", f"{commit}:{path}")

    def history(self, path: str) -> list[Commit]:
        """Newest first, along the branch's own line."""
        listed = self.run("log", "--first-parent", "--format=%H%x00%B%x01", "--", path)
        pairs = (entry.strip("\n").partition("\0") for entry in listed.split("\x01"))
        return [Commit(sha, message) for sha, _, message in pairs if sha]

    def fetched(self, remote: str, branch: str) -> str:
        """The remote branch's newest commit, brought here; raises Unreachable."""
        answer = self._answer("fetch", "--quiet", remote, f"refs/heads/{branch}")
        if answer.returncode != 0:
            raise Unreachable(f"git fetch {remote} {branch}: {_last_line(answer.stderr)}")
        return self.run("rev-parse", "FETCH_HEAD").strip()

    def contains(self, tip: str, commit: str) -> bool:
        return self.succeeds("merge-base", "--is-ancestor", commit, tip)

    def _answer(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        # No prompt on the terminal, and messages in one language.
        environment = os.environ | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        try:
            answer = subprocess.run(
                ["git", *arguments],
                cwd=self.root,
                env=environment,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            raise Refused("git", "not found", "expected git on PATH") from error
        except subprocess.TimeoutExpired as error:
            raise Refused(
                f"git {arguments[0]}", f"still running after {_SECONDS} s", "check the remote and the network"
            ) from error
        # Not text=True, which would change the line endings of a file.
        output, errors = (stream.decode(errors="replace") for stream in (answer.stdout, answer.stderr))
        return subprocess.CompletedProcess(answer.args, answer.returncode, output, errors)


def open_at(folder: Path) -> Repository:
    """The clone that contains a folder."""
    if not folder.is_dir():
        raise Refused(folder, "no such folder", "expected a clone of the repository")
    top = Repository(folder).run(
        "rev-parse", "--show-toplevel", way_out="run it in a clone, or name one by --repository"
    )
    return Repository(Path(top.rstrip("\n")))


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("hint:")]
    return lines[-1].removeprefix("fatal: ").removeprefix("error: ") if lines else "no message"
