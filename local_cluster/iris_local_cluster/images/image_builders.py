"""Builds and pushes images with a Docker engine if one answers, otherwise with buildah in our own store.

Both get the same Dockerfile, context and arguments. Nothing here depends on what is in an image.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from iris_local_cluster import paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.images import docker
from iris_local_cluster.images.buildah import Buildah
from iris_local_cluster.images.builds import Build
from iris_local_cluster.images.docker import Docker
from iris_local_cluster.programs import packages
from iris_local_cluster.progress import Progress


class Engine(Protocol):
    """Builds images, keeps them, pushes them."""

    @property
    def prefix(self) -> str:
        """The prefix of names in this engine's store."""
        ...

    @property
    def lock(self) -> Path:
        """The lock of the store: two builds on a small machine only slow each other down."""
        ...

    def tidy(self) -> None:
        """Remove what a killed build left. The caller holds the store's lock."""
        ...

    def unmount(self) -> None:
        """Remove all mounts."""
        ...

    def base(self, content: Sequence[str], progress: Progress) -> str:
        """The image that a Dockerfile starts from: a system with these packages."""
        ...

    def holds(self, reference: str) -> bool: ...

    def build(self, build: Build, note: Callable[[str], None]) -> None: ...

    def push(self, reference: str, target: str) -> str:
        """Send an image to `host:port/name:tag` over plain HTTP; its digest there."""
        ...

    def container(
        self, reference: str, *, port: int, settings: Mapping[str, str]
    ) -> AbstractContextManager[list[str]]:
        """The command line that runs a server's image on a loopback port until it is interrupted."""
        ...


def detect(progress: Progress) -> Engine:
    """Docker when its engine answers, else buildah (installed when missing)."""
    if docker_answers():
        return Docker()
    if os.geteuid() != 0:
        raise LocalClusterError(
            "images: no Docker engine answers and the user is not root, expected one of the two"
        )
    packages.ensure(packages.IMAGES, progress)
    return Buildah.at(paths.cache() / "buildah")


def docker_answers() -> bool:
    return docker.answers()
