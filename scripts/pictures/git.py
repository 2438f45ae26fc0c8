"""The repository of the pictures, and a Flux that is played: it applies what is pushed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from iris_programs.git import Git

from tests.harness.kubernetes import Cluster

_NAMESPACE: Final = "flux-system"
_NAME: Final = "models"
LABELS: Final = {
    "kustomize.toolkit.fluxcd.io/name": _NAME,
    "kustomize.toolkit.fluxcd.io/namespace": _NAMESPACE,
}


@dataclass(frozen=True, slots=True)
class Repository:
    """A clone, in which people commit and push; `origin` is what they share."""

    clone: Path

    @classmethod
    def create(cls, folder: Path) -> "Repository":
        origin, clone = folder / "origin.git", folder / "models"
        Git(folder).run("init", "--quiet", "--bare", "--initial-branch=main", str(origin))
        Git(folder).run("clone", "--quiet", str(origin), str(clone))
        for name, value in (("user.name", "Kim Otieno"), ("user.email", "kim@example.test")):
            Git(clone).run("config", name, value)
        Git(clone).run("symbolic-ref", "HEAD", "refs/heads/main")
        return cls(clone)

    def commit(self, file: str, content: Any, author: str, subject: str) -> None:
        (self.clone / file).write_text(yaml.safe_dump(content), "utf-8")
        git = Git(self.clone)
        git.run("add", file)
        person = f"{author} <{author.split(maxsplit=1)[0].lower()}@example.test>"
        git.run("commit", "--quiet", f"--author={person}", "--message", subject)
        git.run("push", "--quiet", "origin", "main")

    def head(self) -> str:
        return Git(self.clone).run("rev-parse", "origin/main").strip()

    async def sync(self, cluster: Cluster, file: str) -> None:
        """As kustomize-controller does it: the revision first, then what is in it."""
        await cluster.apply(
            {
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
                "kind": "Kustomization",
                "metadata": {"name": _NAME, "namespace": _NAMESPACE},
                "status": {"lastAttemptedRevision": f"main@sha1:{self.head()}"},
            },
            namespace=_NAMESPACE,
        )
        body = yaml.safe_load((self.clone / file).read_text("utf-8"))
        body["metadata"]["labels"] = LABELS
        await cluster.apply(body)
