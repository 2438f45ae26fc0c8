"""Root file systems of this machine's own Debian or Ubuntu release, made by mmdebstrap: the images' base.

Kept in the cache for a month, then made again so that security fixes arrive. Nothing of this machine
(mirror, proxy, keys) stays inside.
"""

import hashlib
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from iris_local_cluster import paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.programs import apt_sources, locks, packages
from iris_local_cluster.progress import Progress, Step

PYTHON = ("python3", "python3-venv", "ca-certificates")
"""The packages of the product's images."""
IPTABLES = ("iptables",)
"""What kube-proxy calls."""
GIT = ("git", "lighttpd")
"""The packages of the Git server's image."""

_MONTH_SECONDS = 30 * 24 * 3600
# Releases whose python3 is older than the product needs.
_OLD_PYTHON = ("bullseye", "buster", "focal", "jammy")
_LEFT_OUT = ("man", "doc", "locale", "info", "lintian")
_TRACES = (
    "apt/sources.list",
    "apt/sources.list.d",
    "apt/apt.conf.d/99mmdebstrap",
    "dpkg/dpkg.cfg.d/99mmdebstrap",
    "hostname",
    "resolv.conf",
)
# Change to make every machine build its bases again.
_RECIPE = "2"


def root_filesystem(content: Sequence[str], progress: Progress) -> Path:
    """A tar file with a minimal system and these packages."""
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    target = paths.cache() / "debian" / f"{key(codename, content)}.tar"
    if _fresh(target, time.time()):
        return target
    if content == PYTHON and codename in _OLD_PYTHON:
        raise LocalClusterError(f"{codename}: its Python is too old for the images, expected 3.11 or newer")
    packages.ensure(packages.IMAGES, progress)
    with progress.step(f"Build the base image {codename} with {', '.join(content)}") as step:
        waiting = "waiting for another build of it"
        lock = paths.cache() / "locks" / f"debian-{target.stem}"
        with locks.hold(lock, waiting=lambda: step.note(waiting)):
            if not _fresh(target, time.time()):
                _bootstrap(target, codename, content, step)
            prune(target.parent, now=time.time())
    return target


def key(codename: str, content: Sequence[str]) -> str:
    text = " ".join([_RECIPE, codename, platform.machine(), *content])
    return f"{codename}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def options(content: Sequence[str]) -> list[str]:
    """mmdebstrap's options for a small, reproducible tree."""
    return [
        "--variant=essential",
        # Merges /usr from outside; the release's own way installs all of Perl for it, 50 MB.
        "--hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr",
        f"--include={','.join(content)}",
        *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in _LEFT_OUT),
        f'--customize-hook=cd "$1"/etc && rm -rf {" ".join(_TRACES)}',
    ]


def prune(home: Path, *, now: float) -> None:
    """Remove the bases that are too old to be used again."""
    for base in home.glob("*.tar"):
        if not _fresh(base, now):
            base.unlink(missing_ok=True)


def package_sources(codename: str) -> list[apt_sources.Source]:
    """The archives that this machine takes the release's packages from."""
    sources = apt_sources.distribution(_source_files(), codename=codename)
    if not sources:
        raise LocalClusterError(f"/etc/apt: no package source for {codename or 'this system'}, expected one")
    return sources


def _fresh(target: Path, now: float) -> bool:
    return target.is_file() and now - target.stat().st_mtime < _MONTH_SECONDS


def _bootstrap(target: Path, codename: str, content: Sequence[str], step: Step) -> None:
    sources = package_sources(codename)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unfinished-") as scratch:
        lines = Path(scratch) / "sources.list"
        lines.write_text("".join(f"{source.line()}\n" for source in sources))
        unfinished = Path(scratch) / "root.tar"
        command = ["mmdebstrap", *_proxies(), *options(content), codename, str(unfinished), str(lines)]
        with subprocess.Popen(
            command,
            # Files no newer than this: the same packages give the same bytes.
            env=os.environ | {"SOURCE_DATE_EPOCH": "1", "TMPDIR": scratch},
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            messages = [_noted(line, step) for line in process.stderr or ()]
        if process.returncode != 0:
            raise LocalClusterError(f"mmdebstrap: {_reason(messages)}")
        unfinished.replace(target)


def _noted(line: str, step: Step) -> str:
    message = line.strip()
    step.note(message.removeprefix("I: ").removesuffix("..."))
    return message


def _reason(messages: Sequence[str]) -> str:
    return next((line.removeprefix("E: ") for line in messages if line.startswith("E:")), "no message")


def _source_files() -> dict[str, str]:
    root = Path("/etc/apt")
    files = [
        root / "sources.list",
        *root.glob("sources.list.d/*.list"),
        *root.glob("sources.list.d/*.sources"),
    ]
    return {str(path): path.read_text() for path in files if path.is_file()}


def _proxies() -> list[str]:
    """apt's own proxy settings: mmdebstrap starts from none."""
    form = [
        "apt-config",
        "dump",
        "--no-empty",
        "--format",
        '%f "%v";%n',
        "Acquire::http::Proxy",
        "Acquire::https::Proxy",
    ]
    answer = subprocess.run(form, capture_output=True, text=True, check=False)
    return [f"--aptopt={line}" for line in answer.stdout.splitlines() if line.strip()]
