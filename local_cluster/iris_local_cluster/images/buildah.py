"""buildah as the builder of images, in a store of our own: for machines without a Docker engine.

Shares nothing with other container tools of the machine, and leaves no mount behind.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from iris_local_cluster import paths
from iris_local_cluster.images import builds
from iris_local_cluster.images.builds import Build
from iris_local_cluster.programs import archives, bundles, debian, locks
from iris_local_cluster.progress import Progress

# Layers kept for later builds, about 5 GB (99 took 3.8); then the store starts anew. vfs copies them whole.
_MOST_LAYERS = {"overlay": 120, "vfs": 24}
# Run state goes away with a reboot.
_RUN = Path("/run/iris-local-cluster")
_BUNDLE_INSIDE = "/run/host-certificates.pem"
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")


@dataclass(frozen=True, slots=True)
class Buildah:
    """buildah with a store in the cache: it shares nothing with other container tools of this machine."""

    root: Path
    driver: str
    prefix: str = "localhost/"

    @property
    def lock(self) -> Path:
        return paths.cache() / "locks" / "images"

    @classmethod
    def at(cls, root: Path) -> "Buildah":
        root.mkdir(parents=True, exist_ok=True)
        overlay = cls(root, "overlay")
        usable = not (root / "vfs-images").exists() and overlay._answer("images", "--quiet").returncode == 0
        return overlay if usable else cls(root, "vfs")

    def base(self, content: Sequence[str], progress: Progress) -> str:
        system = debian.root_filesystem(content, progress)
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
        complete = replace(build, arguments={**build.arguments, **certificates})
        command = self._command("build", *options, *builds.options(complete), str(build.context))
        # Ends with us, however we end: the next run takes its mounts away, and it must not commit then.
        builds.follow(["setpriv", "--pdeathsig", "KILL", *command], build.reference, note)

    def push(self, reference: str, target: str) -> str:
        with tempfile.NamedTemporaryFile("r") as file:
            # To loopback: strong compression would cost more time than it saves.
            small = ("--compression-format", "gzip", "--compression-level", "1")
            options = ("--quiet", "--tls-verify=false", *small, "--digestfile", file.name)
            self._require("push", *options, reference, f"docker://{target}")
            return file.read().strip()

    @contextmanager
    def container(self, reference: str, *, port: int, settings: Mapping[str, str]) -> Iterator[list[str]]:
        home = self.root.parent / "containers"
        home.mkdir(parents=True, exist_ok=True)
        state = _RUN / "runc"
        with tempfile.TemporaryDirectory(prefix="iris-", dir=home) as folder:
            bundle = Path(folder)
            with locks.hold(self.lock):
                self._copy(reference, bundle / "root")
                self.unmount()
            described = json.loads(self._require("inspect", "--type", "image", reference))
            bundles.write(bundle, described["OCIv1"]["config"], port=port, settings=settings)
            try:
                yield bundles.run_command(bundle, state=state)
            finally:
                builds.answer(["runc", "--root", str(state), "delete", "--force", bundle.name])

    def _copy(self, reference: str, into: Path) -> None:
        """An image's files. Not its mount: the next build tidies those away, below a running container."""
        name = self._require("from", "--pull-never", reference).strip()
        try:
            builds.require(
                ["cp", "--archive", "--reflink=auto", self._require("mount", name).strip(), str(into)]
            )
        finally:
            self._answer("umount", name)
            self._answer("rm", name)

    def tidy(self) -> None:
        self.unmount()
        self._answer("rm", "--all")
        # Not while another process may still push what it has built.
        locks.share(self.lock.with_name("images-in-use"), alone=self.start_anew_if_large)

    def start_anew_if_large(self) -> None:
        layers = self.root / self.driver
        if layers.is_dir() and sum(1 for _ in layers.iterdir()) > _MOST_LAYERS[self.driver]:
            shutil.rmtree(self.root)

    def unmount(self) -> None:
        # containers/storage mounts its folder upon itself and does not always take that back.
        for point in mounted_below(Path("/proc/self/mountinfo").read_text(), self.root):
            builds.answer(["umount", "--lazy", point])

    def _command(self, *arguments: str) -> list[str]:
        # The run state goes away with a reboot; one per store, since two must not share it.
        run = _RUN / hashlib.sha256(str(self.root).encode()).hexdigest()[:8]
        store = ["--root", str(self.root), "--runroot", str(run), "--storage-driver", self.driver]
        return ["buildah", *store, *arguments]

    def _answer(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return builds.answer(self._command(*arguments))

    def _require(self, *arguments: str) -> str:
        return builds.require(self._command(*arguments))


def certificate_bundle(environment: Mapping[str, str]) -> str | None:
    """The host's certificate authorities, among them a private one: a build must trust what we trust."""
    named = [environment.get(name, "") for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")]
    return next((path for path in (*named, *_BUNDLES) if path and Path(path).is_file()), None)


def mounted_below(mountinfo: str, root: Path) -> list[str]:
    """Mount points under a folder, the innermost first, from the text of /proc/self/mountinfo."""
    points = [line.split()[4].encode().decode("unicode_escape") for line in mountinfo.splitlines()]
    return [point for point in reversed(points) if Path(point).is_relative_to(root)]
