"""A clone with its remote, both real, and a kubectl that answers what a test has told it."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from iris_delivery import __main__ as command
from iris_delivery import declaration

DIGEST = f"sha256:{'1' * 64}"
SERVER = f"sha256:{'e' * 64}"

# Prints the contexts, or the file of the context that it was called with; a file that is no JSON is an error.
_KUBECTL = """\
#!/bin/sh
if [ "$1" = config ]; then ls "$IRIS_TEST_CLUSTERS"; exit 0; fi
file="$IRIS_TEST_CLUSTERS/${1#--context=}"
if grep -q '^error' "$file"; then cat "$file" >&2; exit 1; fi
cat "$file"
"""


def declared(version: str, digest: str | None = DIGEST, *, apart: bool = False) -> str:
    image = f"  image:\n    digest: {digest}\n" if digest else ""
    if apart:
        model = f"    image:\n      repository: registry.example/iris-model\n      digest: {digest}\n"
        image = f"  image:\n    tag: 2.1.0\n    digest: {SERVER}\n  artifact:\n{model}"
    head = "# What is served.\nkind: IrisModel\nmetadata:\n  name: iris\n  namespace: iris\nspec:\n"
    return f"{head}  version: {version} # the one\n{image}"


def model(version: str, *, digest: str | None = DIGEST, **status: Any) -> dict[str, Any]:
    """An IrisModel as the API server would show it."""
    return {
        "metadata": {"generation": 3},
        "spec": {"version": version, "image": {"digest": digest} if digest else {}},
        "status": {"observedGeneration": 3, **status},
    }


def condition(kind: str, status: str, reason: str, message: str = "") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def serving(version: str, digest: str | None = DIGEST) -> dict[str, Any]:
    ready = condition("Ready", "True", "Serving")
    return model(version, digest=digest, servingVersion=version, conditions=[ready])


@dataclass(frozen=True, slots=True)
class Clone:
    """A user's clone; its remote is a bare repository beside it."""

    root: Path
    clusters: Path

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=self.root, check=True, capture_output=True, text=True
        ).stdout.strip()

    def write(self, environment: str, text: str) -> None:
        path = self.root / declaration.path(environment)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self, message: str, **versions: str) -> str:
        """The commit; keyword = environment, value = the version that it declares."""
        for environment, version in versions.items():
            self.write(environment, declared(version))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", f"--message={message}")
        return self.git("rev-parse", "HEAD")

    def serves(self, environment: str, answer: Mapping[str, Any] | str) -> None:
        text = answer if isinstance(answer, str) else json.dumps(answer)
        (self.clusters / environment).write_text(text)

    def run(self, *words: str) -> int:
        return command.main([f"--repository={self.root}", *words])

    def declares(self, environment: str, commit: str = "HEAD") -> declaration.Release:
        path = declaration.path(environment)
        return declaration.parse(self.git("show", f"{commit}:{path}"), path).release


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, copied by each test: the remote's address is relative, so a copy has a remote of its own."""
    folder = tmp_path_factory.mktemp("template")
    made = Clone(folder / "clone", folder / "clusters")
    for part in (made.root, made.clusters, folder / "bin"):
        part.mkdir()
    (folder / "bin" / "kubectl").write_text(_KUBECTL)
    (folder / "bin" / "kubectl").chmod(0o755)
    made.git("init", "--quiet", "--initial-branch=main")
    made.git("init", "--quiet", "--bare", "../remote.git")
    made.git("remote", "add", "origin", "../remote.git")
    order = made.root / "clusters" / "promotion.yaml"
    order.parent.mkdir()
    order.write_text("environments: [dev, stage, prod]\n")
    with pytest.MonkeyPatch.context() as patch:
        _as_ada(patch)
        made.commit("Begin", dev="1.4.0", stage="1.3.0", prod="1.3.0")
    made.git("push", "--quiet", "origin", "main")
    made.serves("dev", serving("1.4.0"))
    made.serves("stage", serving("1.3.0"))
    return folder


@pytest.fixture
def clone(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """dev serves 1.4.0, stage and prod 1.3.0, all of it pushed to origin's main."""
    folder = tmp_path / "copy"
    shutil.copytree(template, folder)
    _as_ada(monkeypatch)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("IRIS_TEST_CLUSTERS", str(folder / "clusters"))
    return Clone(folder / "clone", folder / "clusters")


def _as_ada(patch: pytest.MonkeyPatch) -> None:
    for name, value in (("NAME", "Ada"), ("EMAIL", "ada@example.com")):
        patch.setenv(f"GIT_AUTHOR_{name}", value)
        patch.setenv(f"GIT_COMMITTER_{name}", value)
    patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
