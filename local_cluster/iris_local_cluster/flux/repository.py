"""The repository that the cluster follows: its server, and a clone on this machine.

Users' commits in it are kept: changes are added by fast-forward or merge, never by force.
The server is reached by `kubectl exec`, as Git's own transport, so it needs no ingress, which comes from Git.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iris_programs.git import Git
from iris_programs.process import ProgramFailed

from iris_local_cluster import paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.kubectl import Kubectl

NAMESPACE = "git"
SERVER = paths.PROJECT / "clusters" / "local" / "infrastructure" / "git-server"
VERSION = Path("clusters") / "local" / "version.yaml"
_DEPLOYMENT = "deployment/git-server"
_MAIN = "refs/remotes/cluster/main"
_WHO: Final = "iris-local-cluster"
# Our commits do not depend on the user's settings: no hooks, no signatures, no personal name.
_SETTINGS: Final = {
    "core.hooksPath": os.devnull,
    "commit.gpgSign": "false",
    "protocol.ext.allow": "always",
    "user.name": _WHO,
    "user.email": f"{_WHO}@localhost",
}


def serve(kubectl: Kubectl) -> None:
    """Start the server and wait until it is ready; later, Flux applies it from Git."""
    if not kubectl.succeeds("get", _DEPLOYMENT, f"--namespace={NAMESPACE}"):
        kubectl.apply_folder(SERVER)
    kubectl.rolled_out("deployment", "git-server", namespace=NAMESPACE)


@dataclass(frozen=True, slots=True)
class Repository:
    """A clone in the cluster's state folder, and the URL of the server."""

    folder: Path
    server: str

    @classmethod
    def of(cls, kubectl: Kubectl, folder: Path) -> "Repository":
        command = kubectl.command("exec", "--stdin", f"--namespace={NAMESPACE}", _DEPLOYMENT, "--")
        # Git splits the command at spaces; "% " is a space inside a word.
        words = [word.replace("%", "%%").replace(" ", "% ") for word in command]
        repository = cls(folder, f"ext::{' '.join(words)} %S /srv/git/iris.git")
        if not (folder / ".git").is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            repository.git("init", "--quiet", "--initial-branch=main")
        return repository

    def take(self, project: Path) -> str:
        """Push a checkout's HEAD to the server; returns the resulting revision."""
        self.git("fetch", "--quiet", "--update-shallow", str(project), "HEAD")
        head = self.git("rev-parse", "FETCH_HEAD")
        main = self.fetch()
        if main is None or self._contains(head, main):
            return self._push(head)
        if self._contains(main, head):
            return main
        self.git("checkout", "--quiet", "--force", "-B", "main", main)
        try:
            self.git("merge", "--quiet", "--no-edit", "-m", "Merge the checkout of `make up`", head)
        except LocalClusterError as error:
            self.git("merge", "--abort")
            raise LocalClusterError(
                "iris.git: found commits that conflict with this checkout's HEAD, expected none: merge them: "
                "git pull http://git.localhost:<port>/iris.git main, resolve, commit, then repeat the command"
            ) from error
        return self._push("HEAD")

    def declare(self, version: str) -> str:
        """Commit this version of the model; returns the resulting revision."""
        main = self.fetch()
        if main is None:
            raise LocalClusterError("iris.git: found no branch main, expected the one that `make up` pushes")
        self.git("checkout", "--quiet", "--force", "-B", "main", main)
        file = self.folder / VERSION
        if version_of(file.read_text()) == version:
            return main
        file.write_text(with_version(file.read_text(), version))
        self.git("commit", "--quiet", "--message", subject(version), "--", str(VERSION))
        return self._push("HEAD")

    def declared(self) -> str:
        """The version that the server's main branch declares."""
        self.fetch()
        return version_of(self.git("show", f"{_MAIN}:{VERSION}"))

    def has_declared(self, version: str) -> bool:
        """Whether `declare` has ever committed this version here."""
        self.fetch()
        return subject(version) in self.git("log", "--format=%s", _MAIN, "--", str(VERSION)).splitlines()

    def fetch(self) -> str | None:
        """The server's main branch; None while it is empty."""
        self.git("fetch", "--quiet", "--prune", self.server, "+refs/heads/*:refs/remotes/cluster/*")
        return self.git("for-each-ref", "--format=%(objectname)", _MAIN) or None

    def git(self, *arguments: str) -> str:
        return git(self.folder, *arguments)

    def _contains(self, newer: str, older: str) -> bool:
        return Git(self.folder, _SETTINGS).succeeds("merge-base", "--is-ancestor", older, newer)

    def _push(self, revision: str) -> str:
        # Without force: if somebody pushed in the meantime, the server refuses, and a second run continues.
        self.git("push", "--quiet", self.server, f"{revision}:refs/heads/main")
        return self.git("rev-parse", revision)


def subject(version: str) -> str:
    return f"Serve {version} on this machine"


def with_version(text: str, version: str) -> str:
    """A version.yaml with another version, its comments kept."""
    return re.sub(r"(?m)^(  version:) .*$", rf"\g<1> {version}", text)


def version_of(text: str) -> str:
    found = re.search(r"(?m)^  version: *[\"']?([^\"'\s#]+)", text)
    if found is None:
        raise LocalClusterError(f"{VERSION}: has no spec.version, expected one")
    return found[1]


def uncommitted(project: Path) -> int:
    """The number of files that differ from the checkout's HEAD; they are not deployed."""
    return len(git(project, "status", "--porcelain", "--untracked-files=no").splitlines())


def git(folder: Path, *arguments: str) -> str:
    """Git's output; an error has Git's own message in one line."""
    try:
        return Git(folder, _SETTINGS).run(*arguments, seconds=600).strip()
    except ProgramFailed as failure:
        raise LocalClusterError(f"git {arguments[0]}: {failure.line}") from failure
