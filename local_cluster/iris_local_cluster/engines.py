"""What builds and pushes images: a Docker engine when one answers, else buildah in a store of our own.

Both get the same Dockerfile, context and arguments. Nothing here knows what is in an image.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from iris_local_cluster import archives, debian, packages, paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.progress import Progress

# Layers kept for later builds; more than this and the store starts anew. vfs copies every layer whole.
_MOST_LAYERS = {"overlay": 200, "vfs": 24}
_DOCKER_BASE = "python:3.13-slim"
_BUNDLE_INSIDE = "/run/host-certificates.pem"
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")


@dataclass(frozen=True, slots=True)
class Build:
    """One image to build: where its files are, which Dockerfile, its arguments, its name in the store."""

    context: Path
    dockerfile: str
    arguments: Mapping[str, str]
    reference: str


class Engine(Protocol):
    """Builds images, keeps them, pushes them."""

    @property
    def prefix(self) -> str:
        """What names in this engine's store begin with."""
        ...

    def tidy(self) -> None:
        """Remove what a killed build left. The caller holds the store's lock."""
        ...

    def unmount(self) -> None:
        """Leave no mount behind."""
        ...

    def base(self, progress: Progress) -> str:
        """The image that the Dockerfiles start from, ready to be used."""
        ...

    def holds(self, reference: str) -> bool: ...

    def build(self, build: Build, note: Callable[[str], None]) -> None: ...

    def push(self, reference: str, target: str) -> str:
        """Send an image to `host:port/name:tag` over plain HTTP; its digest there."""
        ...


def detect(progress: Progress) -> Engine:
    """Docker when its engine answers, else buildah (installed when missing)."""
    if docker_answers():
        return Docker()
    packages.ensure(packages.IMAGES, progress)
    return Buildah.at(paths.cache() / "buildah")


def docker_answers() -> bool:
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

    def tidy(self) -> None:
        """Docker looks after its own."""

    def unmount(self) -> None:
        """So does its engine with mounts."""

    def base(self, progress: Progress) -> str:  # noqa: ARG002 - Docker pulls it in the build
        return _DOCKER_BASE

    def holds(self, reference: str) -> bool:
        return _answer(["docker", "image", "inspect", reference]).returncode == 0

    def build(self, build: Build, note: Callable[[str], None]) -> None:
        _follow(["docker", "build", *build_options(build), str(build.context)], build.reference, note)

    def push(self, reference: str, target: str) -> str:
        _require(["docker", "tag", reference, target])
        said = _require(["docker", "push", target])
        match = re.search(r"digest: (sha256:[0-9a-f]{64})", said)
        if match is None:
            raise LocalClusterError(f"docker push {target}: no digest in its answer, expected one")
        return match[1]


@dataclass(frozen=True, slots=True)
class Buildah:
    """buildah with a store in the cache: it shares nothing with other container tools of this machine."""

    root: Path
    driver: str
    prefix: str = "localhost/"

    @classmethod
    def at(cls, root: Path) -> "Buildah":
        root.mkdir(parents=True, exist_ok=True)
        overlay = cls(root, "overlay")
        usable = not (root / "vfs-images").exists() and overlay._answer("images", "--quiet").returncode == 0
        return overlay if usable else cls(root, "vfs")

    def base(self, progress: Progress) -> str:
        system = debian.root_filesystem(debian.PYTHON, progress)
        reference = f"{self.prefix}iris-base:{system.stem}-{int(system.stat().st_mtime)}"
        if not self.holds(reference):
            with progress.step("Load the base image"), tempfile.NamedTemporaryFile(dir=self.root) as file:
                archives.write(file, reference=reference, layers=[archives.layer(system)], command=())
                file.flush()
                self._require("pull", "--quiet", f"docker-archive:{file.name}")
        return reference

    def holds(self, reference: str) -> bool:
        return self._answer("inspect", "--type", "image", reference).returncode == 0

    def build(self, build: Build, note: Callable[[str], None]) -> None:
        # chroot: works in containers that may not make namespaces of their own. Layers: a change of code
        # does not install the dependencies again.
        options = ["--layers", "--isolation", "chroot", "--network", "host"]
        certificates: dict[str, str] = {}
        if bundle := certificate_bundle(os.environ):
            options += ["--volume", f"{bundle}:{_BUNDLE_INSIDE}:ro"]
            certificates = {"PIP_CERT": _BUNDLE_INSIDE}
        complete = Build(
            build.context, build.dockerfile, {**build.arguments, **certificates}, build.reference
        )
        command = self._command("build", *options, *build_options(complete), str(build.context))
        _follow(command, build.reference, note)

    def push(self, reference: str, target: str) -> str:
        with tempfile.NamedTemporaryFile("r") as file:
            options = ("--quiet", "--tls-verify=false", "--digestfile", file.name)
            self._require("push", *options, reference, f"docker://{target}")
            return file.read().strip()

    def tidy(self) -> None:
        self.unmount()
        self._answer("rm", "--all")
        layers = self.root / self.driver
        if layers.is_dir() and sum(1 for _ in layers.iterdir()) > _MOST_LAYERS[self.driver]:
            shutil.rmtree(self.root)

    def unmount(self) -> None:
        # containers/storage mounts its folder upon itself and does not always take that back.
        for point in mounted_below(Path("/proc/self/mountinfo").read_text(), self.root):
            _answer(["umount", "--lazy", point])

    def _command(self, *arguments: str) -> list[str]:
        # The run state goes away with a reboot; one per store, since two must not share it.
        run = Path("/run/iris-local-cluster") / hashlib.sha256(str(self.root).encode()).hexdigest()[:8]
        store = ["--root", str(self.root), "--runroot", str(run), "--storage-driver", self.driver]
        return ["buildah", *store, *arguments]

    def _answer(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _answer(self._command(*arguments))

    def _require(self, *arguments: str) -> str:
        return _require(self._command(*arguments))


def build_options(build: Build) -> list[str]:
    """What docker and buildah understand alike."""
    arguments = [f"--build-arg={name}={value}" for name, value in build.arguments.items()]
    return [*arguments, "--file", str(build.context / build.dockerfile), "--tag", build.reference]


def certificate_bundle(environment: Mapping[str, str]) -> str | None:
    """The host's certificate authorities, among them a private one: a build must trust what we trust."""
    named = [environment.get(name, "") for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")]
    return next((path for path in (*named, *_BUNDLES) if path and Path(path).is_file()), None)


def mounted_below(mountinfo: str, root: Path) -> list[str]:
    """Mount points under a folder, the innermost first, from the text of /proc/self/mountinfo."""
    points = [line.split()[4].encode().decode("unicode_escape") for line in mountinfo.splitlines()]
    return [point for point in reversed(points) if Path(point).is_relative_to(root)]


def _answer(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def _require(command: list[str]) -> str:
    answer = _answer(command)
    if answer.returncode != 0:
        raise LocalClusterError(f"{_words(command)}: {_last(answer.stderr.splitlines())}")
    return answer.stdout


def _follow(command: list[str], reference: str, note: Callable[[str], None]) -> None:
    """Run a build, tell its steps, keep its whole output where the failure's line says."""
    said: list[str] = []
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            for line in process.stdout or ():
                said.append(line)
                if match := re.search(r"(?:STEP|Step|\[)\s*\d+/\d+\]?[ :]+(.*)", line):
                    note(match[1].strip())
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0:
        log = paths.cache() / "logs" / f"image-{reference.rpartition('/')[2].partition(':')[0]}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("".join(said))
        raise LocalClusterError(f"{_words(command)} {reference}: {_last(said)} (all of it: {log})")


def _words(command: list[str]) -> str:
    """`buildah push`, without the options of the store."""
    verbs = {"build", "pull", "push", "tag"}
    return f"{command[0]} {next((word for word in command[1:] if word in verbs), command[1])}"


def _last(lines: list[str]) -> str:
    """The reason of a failure: the first error told; the last lines only say that some command failed."""
    told = [line.strip() for line in lines if line.strip()]
    errors = [line for line in told if re.match(r"(?i)(error|fatal|.*failed)", line)]
    return (errors or told or ["no message"])[0]
