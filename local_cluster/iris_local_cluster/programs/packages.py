"""Debian packages that the native node and the image builds need, installed when they are missing.

A program that is already there counts, however it came. No service is started or left enabled: the
registry's would listen on every address.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from iris_local_cluster import paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.programs import locks
from iris_local_cluster.progress import Progress

# Package → a file that is there when it is installed; a bare name is looked up on PATH.
PROBES = {
    "runc": "runc",
    "containernetworking-plugins": "/usr/lib/cni/bridge",
    "catatonit": "catatonit",
    "iptables": "iptables",
    "iproute2": "ip",
    "docker-registry": "docker-registry",
    "openssl": "openssl",
    "buildah": "buildah",
    "mmdebstrap": "mmdebstrap",
    "docker.io": "dockerd",
}
NODE = (
    *("runc", "containernetworking-plugins", "catatonit", "iptables", "iproute2", "docker-registry"),
    "openssl",
)
IMAGES = ("buildah", "mmdebstrap", "runc")
# Only for the tests of what runs on a Docker engine; they start it themselves.
DOCKER = ("docker.io", "iptables", "iproute2", "docker-registry")

_SERVICES = {
    "docker-registry": ("docker-registry.service",),
    "docker.io": ("docker.service", "docker.socket", "containerd.service"),
}
_POLICY = Path("/usr/sbin/policy-rc.d")
_POLICY_TEXT = "#!/bin/sh\n# Written by iris-local-cluster for one apt-get run: start no service.\nexit 101\n"
_SYSTEM_FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def program(name: str) -> str | None:
    """A system program's path; /usr/sbin is often missing from PATH."""
    return shutil.which(name) or shutil.which(name, path=_SYSTEM_FOLDERS)


def missing(names: Iterable[str], present: Callable[[str], bool]) -> list[str]:
    """The packages whose probe is not there."""
    return [name for name in names if not present(PROBES[name])]


def ensure(names: Iterable[str], progress: Progress) -> None:
    """Install what is missing; needs root only then."""
    wanted = tuple(names)
    if not missing(wanted, _present):
        return
    with progress.step("Install Debian packages") as step, locks.hold(paths.cache() / "locks" / "apt"):
        absent = missing(wanted, _present)
        if not absent:
            step.cached()
            return
        refuse_unless_installable(absent, root=os.geteuid() == 0, apt_get=shutil.which("apt-get"))
        step.note(", ".join(absent))
        with _no_services():
            _install(absent, step.note)
        for name in absent:
            _disable(name)
        if still := missing(wanted, _present):
            raise LocalClusterError(
                f"packages: {', '.join(still)}: installed, but {PROBES[still[0]]} is not there"
            )
        step.result(", ".join(absent))


def refuse_unless_installable(absent: Sequence[str], *, root: bool, apt_get: str | None) -> None:
    names = ", ".join(absent)
    if apt_get is None:
        raise LocalClusterError(f"packages: {names}: not found, expected Debian or Ubuntu to install them on")
    if not root:
        command = f"sudo apt-get install {' '.join(absent)}"
        raise LocalClusterError(f"packages: {names}: not found, expected root (or: {command})")


def _present(probe: str) -> bool:
    return Path(probe).is_file() if probe.startswith("/") else program(probe) is not None


def _install(names: list[str], note: Callable[[str], None]) -> None:
    install = ["install", "--yes", "--no-install-recommends", *names]
    if _apt_get(install).returncode == 0:
        return
    # The lists are missing or old. A broken list of another source is not a reason to stop here.
    note("apt-get update")
    _apt_get(["update"])
    note(", ".join(names))
    answer = _apt_get(install)
    if answer.returncode != 0:
        lines = [line for line in answer.stderr.splitlines() if line.startswith("E:")] or ["no message"]
        raise LocalClusterError(f"apt-get install {' '.join(names)}: {lines[0].removeprefix('E: ')}")


def _apt_get(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300", *arguments],
        env=os.environ | quiet,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def _no_services() -> Iterator[None]:
    if _POLICY.exists() and _POLICY.read_text() != _POLICY_TEXT:
        yield  # The machine has its own policy.
        return
    _POLICY.write_text(_POLICY_TEXT)
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)


def _disable(name: str) -> None:
    # policy-rc.d prevents the start now; the next boot would still start it.
    if name in _SERVICES and shutil.which("systemctl"):
        subprocess.run(["systemctl", "disable", *_SERVICES[name]], capture_output=True, check=False)
