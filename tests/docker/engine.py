"""A Docker engine of the tests' own: its own store, socket and network, gone when the tests end."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_local_cluster.images import buildah
from iris_local_cluster.programs import packages
from iris_local_cluster.progress import Progress

from tests.docker import network, oci_runtime

_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine, spoken to by the docker command."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Of this engine only: no context and no credentials of whoever runs the tests."""
        mine = {
            "DOCKER_HOST": f"unix://{self.folder}/socket",
            "DOCKER_CONFIG": f"{self.folder}/client",
            "PATH": f"{self.folder}/client:{os.environ['PATH']}",
        }
        return {name: value for name, value in os.environ.items() if name != "DOCKER_CONTEXT"} | mine

    def run(
        self, *arguments: str, content: Path | None = None, settings: dict[str, str] | None = None
    ) -> str:
        """Standard output of `docker …`; what went wrong is the failure's text."""
        with (content or Path(os.devnull)).open("rb") as file:
            answer = subprocess.run(
                ["docker", *arguments],
                stdin=file,
                env=self.environment | (settings or {}),
                capture_output=True,
                text=True,
                check=False,
            )
        assert answer.returncode == 0, f"docker {' '.join(arguments)}: {answer.stdout}{answer.stderr}"
        output: str = answer.stdout
        return output.strip()

    def build(self, *arguments: str, buildkit: bool = False) -> None:
        self.run("build", *arguments, settings={"DOCKER_BUILDKIT": str(int(buildkit))})

    def image(self, reference: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.run("image", "inspect", reference))[0]
        return document

    def inspect(self, container: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.run("container", "inspect", container))[0]
        return document

    def layers(self, reference: str) -> list[str]:
        layers: list[str] = self.image(reference)["RootFS"]["Layers"]
        return layers

    def images(self) -> set[str]:
        """All identities, of intermediate images, too."""
        return set(self.run("images", "--all", "--quiet", "--no-trunc").split())

    def containers(self) -> list[str]:
        """All that exist, running or not."""
        return self.run("ps", "--all", "--quiet").split()

    def empty(self) -> None:
        """Remove all containers and networks: the bridges of networks would outlive the engine."""
        for container in self.containers():
            self.run("rm", "--force", "--volumes", container)
        for network_id in self.run("network", "ls", "--filter=type=custom", "--quiet").split():
            self.run("network", "rm", network_id)


@contextmanager
def running(folder: Path) -> Iterator[Engine]:
    """Start an engine in this folder, and end it with everything in it."""
    packages.ensure(packages.DOCKER, Progress())
    _link_client(folder / "client")
    with network.bridge() as bridge, (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            _command(folder, bridge), env=_environment(folder), stdout=log, stderr=subprocess.STDOUT
        )
        engine = Engine(folder)
        try:
            _wait(engine, process)
            try:
                yield engine
            finally:
                engine.empty()
        finally:
            process.terminate()
            try:
                process.wait(timeout=60)
            finally:
                process.kill()
                process.wait()


def _command(folder: Path, bridge: str) -> list[str]:
    # Ends with the tests, however they end.
    return [
        *("setpriv", "--pdeathsig", "TERM", "dockerd"),
        *(f"--data-root={folder}/store", f"--exec-root={folder}/run", f"--pidfile={folder}/pid"),
        *(f"--host=unix://{folder}/socket", f"--config-file={_configuration(folder)}"),
        *(f"--bridge={bridge}", "--iptables=false", "--ip6tables=false", "--ip-masq=false"),
        f"--default-address-pool=base={network.POOL},size=24",
    ]


def _configuration(folder: Path) -> Path:
    """An empty one: the machine's own, in /etc/docker, is not for this engine."""
    file = folder / "daemon.json"
    file.write_text("{}")
    return file


def _environment(folder: Path) -> Mapping[str, str]:
    """With our own runtime ahead of the machine's on PATH."""
    runc = packages.program("runc")
    assert runc, "runc: not found, expected it from Debian's docker.io"
    file = folder / "bin" / "runc"
    file.parent.mkdir()
    authorities = buildah.certificate_bundle(os.environ) or "-"
    words = [sys.executable, "-I", oci_runtime.__file__, runc, authorities]
    file.write_text(f'#!/bin/sh\nexec {" ".join(words)} "$@"\n')
    file.chmod(0o755)
    return os.environ | {"PATH": f"{file.parent}:{os.environ['PATH']}:/usr/sbin:/sbin"}


def _wait(engine: Engine, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        answer = subprocess.run(
            ["docker", "version"], env=engine.environment, capture_output=True, check=False, timeout=20
        )
        if answer.returncode == 0:
            return
        time.sleep(0.1)
    log = (engine.folder / "log").read_text().splitlines()
    raise AssertionError("dockerd: did not start: " + "\n".join(log[-10:]))


def _link_client(folder: Path) -> None:
    """The first docker command that can use BuildKit: one without its plug-in cannot."""
    folder.mkdir()
    found = [Path(entry) / "docker" for entry in os.environ["PATH"].split(":")]
    for client in (file for file in found if file.is_file()):
        asked = [str(client), "build", "--help"]
        settings = os.environ | {"DOCKER_BUILDKIT": "1"}
        answer = subprocess.run(asked, env=settings, capture_output=True, text=True, check=False)
        if "buildx component is missing" not in answer.stdout + answer.stderr:
            (folder / "docker").symlink_to(client)
            return
    raise AssertionError("docker: no command on PATH that can use BuildKit, expected Debian's docker.io")
