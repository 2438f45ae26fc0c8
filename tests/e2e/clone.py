"""The cluster's repository from a user's side: clone through the ingress, commit, push, read its status."""

import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from iris_local_cluster.flux import flux_status
from iris_local_cluster.flux.flux_status import FluxObject
from iris_local_cluster.up import models, run

from tests.e2e.stage import UpRun

VERSION = "clusters/local/version.yaml"
_WHO = {"user.name": "A Test", "user.email": "test@localhost", "commit.gpgSign": "false", "http.proxy": ""}


def model_file(name: str, **spec: Any) -> str:
    """The file of a further model, with a route of its own."""
    return str(yaml.safe_dump(model_body(name, **spec)))


def model_body(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "metadata": {"name": name, "namespace": models.NAMESPACE},
        "spec": {
            "version": run.FIRST,
            "image": {"repository": "registry.local:5000/iris-server"},
            "route": {"type": "Ingress", "host": f"{name}.kube.two.inc", "className": "traefik"},
            **spec,
        },
    }


@dataclass(frozen=True, slots=True)
class Clone:
    """A clone of iris.git on the host; every change of the cluster begins here."""

    folder: Path
    up_run: UpRun

    @classmethod
    def of(cls, up_run: UpRun, folder: Path) -> "Clone":
        clone = cls(folder, up_run)
        folder.mkdir()
        port = up_run.cluster.ingress.rpartition(":")[2]
        clone.git("clone", "--quiet", f"http://git.localhost:{port}/iris.git", ".")
        return clone

    def git(self, *arguments: str) -> str:
        answer = self._answer(*arguments)
        assert answer.returncode == 0, f"git {' '.join(arguments)}: {answer.stderr}"
        return answer.stdout.strip()

    def answered(self, *, seconds: float = 60) -> None:
        """Wait until the server answers: its pods are ready a moment before the ingress knows of them."""
        deadline = time.monotonic() + seconds
        while (answer := self._answer("ls-remote", "origin")).returncode != 0:
            assert time.monotonic() < deadline, f"no answer within {seconds:.0f} s: {answer.stderr}"
            time.sleep(0.3)

    def _answer(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        options = [word for name, value in _WHO.items() for word in ("-c", f"{name}={value}")]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return subprocess.run(
            ["git", "-C", str(self.folder), *options, *arguments],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
            timeout=120,
        )

    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    def read(self, path: str) -> str:
        return (self.folder / path).read_text()

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def set_version(self, version: str) -> None:
        """Edit version.yaml, as a person does."""
        self.write(VERSION, re.sub(r"(?m)^(  version:).*$", rf"\1 {version}", self.read(VERSION)))

    def push(self, subject: str, *options: str) -> str:
        """Commit whatever has changed, push it; the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", f"--message={subject}")
        self.git("push", "--quiet", *options, "origin", "HEAD:main")
        return self.head()

    def declare(self, version: str) -> str:
        """The commit that asks for this version."""
        self.set_version(version)
        return self.push(f"Serve {version}")

    def serve(self, version: str) -> str:
        """The commit that asks for this version, once it is served and Flux says so."""
        commit = self.declare(version)
        models.wait(self.up_run.kubectl, lambda now: now.declared == version and now.ready)
        models.wait_until_settled(self.up_run.kubectl)
        self.applied(commit)
        return commit

    def applied(self, commit: str, *, seconds: float = 180) -> None:
        """Wait until every Kustomization is ready with this commit."""
        flux_status.wait(self.up_run.kubectl, commit, flux_status.ORDER, seconds=seconds)

    def restore(self, commit: str) -> None:
        """Make the tree what it was then, by one more commit, and wait until the cluster is so again."""
        self.git("fetch", "--quiet", "origin")
        self.git("checkout", "--quiet", "--force", "-B", "main", "origin/main")
        if not self.git("diff", "--stat", commit):
            return  # the test has put it back, and waited for it
        self.git("read-tree", "-u", "--reset", commit)
        self.applied(self.push("Put back what a test has changed"))


def flux(up_run: UpRun, kind: str, name: str) -> FluxObject | None:
    """One Flux object as it is now."""
    found = (each for each in flux_status.look(up_run.kubectl) if (each.kind, each.name) == (kind, name))
    return next(found, None)


def flux_until(
    up_run: UpRun, kind: str, name: str, reached: Callable[[FluxObject], bool], *, seconds: float = 120
) -> FluxObject:
    """Wait until the predicate holds for a Flux object; the error has its last status."""
    deadline = time.monotonic() + seconds
    while True:
        now = flux(up_run, kind, name)
        if now is not None and reached(now):
            return now
        assert time.monotonic() < deadline, f"{kind} {name}: after {seconds:.0f} s: {now}"
        time.sleep(0.3)
