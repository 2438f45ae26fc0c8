"""The context of an image build: exactly the files it needs, so that their digest identifies the image.

A context is a mapping of names to content, written to a folder of its own: what is digested is what is
built, also while someone edits the sources.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from iris_programs.git import Git
from iris_programs.process import ProgramFailed

Context = Mapping[str, Path | str]
"""Path inside the context → the file to copy, or the text to write."""

DOCKERFILE = "Dockerfile"


def server(project: Path, artifacts: Path, files: Sequence[str]) -> Context:
    return {**bare_server(project), **_artifact(artifacts, files)}


def bare_server(project: Path) -> Context:
    return {DOCKERFILE: project / "Dockerfile.server", **_package(project, "model_server")}


def model(project: Path, artifacts: Path, files: Sequence[str]) -> Context:
    return {DOCKERFILE: project / "Dockerfile.model", **_artifact(artifacts, files)}


def operator(project: Path) -> Context:
    return {DOCKERFILE: project / "Dockerfile.operator", **_package(project, "operator")}


def git_server(project: Path) -> Context:
    return {DOCKERFILE: project / "local_cluster" / "Dockerfile.git-server"}


def derived(instructions: str) -> Context:
    return {DOCKERFILE: f"ARG BASE_IMAGE\nFROM ${{BASE_IMAGE}}\n{instructions}\n"}


def optional_dependencies(card: Path) -> str:
    """The server's optional dependencies: a model that its card does not hold as data needs scikit-learn."""
    read = json.loads(card.read_text())
    return "" if read.get("linear") or read.get("trees") else "scikit-learn"


def write(context: Context, folder: Path) -> None:
    for name, source in context.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(source, str):
            target.write_text(source)
        else:
            # With its times, because the builders compare them.
            shutil.copy2(source, target)


def key(folder: Path, arguments: Mapping[str, str]) -> str:
    """The digest that identifies the image of a context."""
    digest = hashlib.sha256(json.dumps(dict(arguments), sort_keys=True).encode())
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"\n{path.relative_to(folder).as_posix()} {content}".encode())
    return digest.hexdigest()[:16]


def revision(project: Path) -> str:
    """The commit that the files come from, if this is a clone."""
    try:
        return Git(project).run("rev-parse", "HEAD").strip()
    except ProgramFailed:
        return "unknown"


def _artifact(artifacts: Path, files: Sequence[str]) -> dict[str, Path | str]:
    return {f"artifacts/{file}": artifacts / file for file in files}


def _package(project: Path, name: str) -> dict[str, Path | str]:
    """One workspace member's files, and the lock file."""
    files = (path for path in (project / name).rglob("*") if path.is_file())
    kept = (path for path in files if "__pycache__" not in path.parts and ".egg-info" not in str(path))
    return {
        "requirements.lock": project / "requirements.lock",
        **{path.relative_to(project).as_posix(): path for path in sorted(kept)},
    }
