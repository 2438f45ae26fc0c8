"""Reads and changes one clone with git. A failure is refused with git's own line."""

from dataclasses import dataclass
from pathlib import Path

from iris_programs.git import Git
from iris_programs.process import ProgramFailed, ProgramNotFound, ProgramTimedOut

from iris_delivery.errors import Refused, Unreachable


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
        try:
            return Git(self.root).run(*arguments)
        except ProgramNotFound as error:
            raise Refused("git", "not found", "expected git on PATH") from error
        except ProgramTimedOut as error:
            raise Refused(f"git {arguments[0]}", error.line, "check the remote and the network") from error
        except ProgramFailed as failure:
            raise Refused(f"git {arguments[0]}", failure.line, way_out) from failure

    def succeeds(self, *arguments: str) -> bool:
        return Git(self.root).succeeds(*arguments)

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

    def files(self, commit: str, folder: str) -> list[str]:
        """The paths in a folder of a commit; none where it has no such folder."""
        return self.run("ls-tree", "-r", "--name-only", commit, "--", f"{folder}/").splitlines()

    def history(self, path: str) -> list[Commit]:
        """Newest first, along the branch's own line."""
        listed = self.run("log", "--first-parent", "--format=%H%x00%B%x01", "--", path)
        pairs = (entry.strip("\n").partition("\0") for entry in listed.split("\x01"))
        return [Commit(sha, message) for sha, _, message in pairs if sha]

    def fetched(self, remote: str, branch: str) -> str:
        """The remote branch's newest commit, brought here; raises Unreachable."""
        try:
            Git(self.root).run("fetch", "--quiet", remote, f"refs/heads/{branch}")
        except ProgramFailed as failure:
            raise Unreachable(f"git fetch {remote} {branch}: {failure.line}") from failure
        return self.run("rev-parse", "FETCH_HEAD").strip()

    def contains(self, tip: str, commit: str) -> bool:
        return self.succeeds("merge-base", "--is-ancestor", commit, tip)


def open_at(folder: Path) -> Repository:
    """The clone that contains a folder."""
    if not folder.is_dir():
        raise Refused(folder, "no such folder", "expected a clone of the repository")
    top = Repository(folder).run(
        "rev-parse", "--show-toplevel", way_out="run it in a clone, or name one with --repository"
    )
    return Repository(Path(top.rstrip("\n")))
