"""A Docker engine as the builder of images. It manages its own store."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from iris_local_cluster import paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.images import builds
from iris_local_cluster.images.builds import Build
from iris_local_cluster.programs import debian
from iris_local_cluster.progress import Progress

# Its Dockerfile installs what a plain system lacks.
_BASES: Mapping[Sequence[str], str] = {debian.PYTHON: "python:3.13-slim", debian.GIT: "debian:trixie-slim"}


def answers() -> bool:
    """A docker command alone is not enough: the engine behind it must answer."""
    if shutil.which("docker") is None:
        return False
    try:
        command = ["docker", "version", "--format", "{{.Server.Version}}"]
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


@dataclass(frozen=True, slots=True)
class Docker:
    """A Docker engine, or Podman under Docker's name."""

    prefix: str = ""

    @property
    def lock(self) -> Path:
        return paths.cache() / "locks" / "images"

    def tidy(self) -> None:
        """Docker manages its own store."""

    def unmount(self) -> None:
        """Docker manages its own mounts."""

    def base(self, content: Sequence[str], progress: Progress) -> str:  # noqa: ARG002 - pulled in the build
        return _BASES[content]

    def holds(self, reference: str) -> bool:
        return builds.answer(["docker", "image", "inspect", reference]).returncode == 0

    def build(self, build: Build, note: Callable[[str], None]) -> None:
        builds.follow(["docker", "build", *builds.options(build), str(build.context)], build.reference, note)

    def push(self, reference: str, target: str) -> str:
        builds.require(["docker", "tag", reference, target])
        said = builds.require(["docker", "push", target])
        match = re.search(r"digest: (sha256:[0-9a-f]{64})", said)
        if match is None:
            raise LocalClusterError(f"docker push {target}: no digest in its answer, expected one")
        return match[1]

    @contextmanager
    def container(self, reference: str, *, port: int, settings: Mapping[str, str]) -> Iterator[list[str]]:
        options = ["--rm", "--read-only", "--cap-drop=ALL", f"--publish=127.0.0.1:{port}:8000"]
        options += [f"--env={name}={value}" for name, value in settings.items()]
        yield ["docker", "run", *options, reference]
