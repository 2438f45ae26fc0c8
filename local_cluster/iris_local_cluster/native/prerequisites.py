"""What a native node needs of the machine, looked at before any long work: one plain line each.

`survey` reads the machine; `refusals` judges what was read and touches nothing.
"""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx

from iris_local_cluster import loopback, paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.native import cgroups, record
from iris_local_cluster.programs import disk

# Of state and images; and of Go's caches and what it builds in, once.
_DISK_GIGABYTES = 4
_BUILD_GIGABYTES = 8
_MEMORY_GIGABYTES = 3
_CAPABILITIES = {"CAP_SYS_ADMIN": 21, "CAP_NET_ADMIN": 12}
_CAP_SYS_RESOURCE = 24


@dataclass(frozen=True, slots=True)
class Machine:
    """What was found."""

    system: str
    root: bool
    distribution: str
    capabilities: int
    missing_controllers: tuple[str, ...]
    fullest: Path  # of the folders that will grow
    free_gigabytes: float
    needed_gigabytes: int
    memory_gigabytes: float
    port_refusals: tuple[str, ...]
    unreachable: str | None

    @property
    def restricts_oom_score(self) -> bool:
        """Whether lowering an OOM score is forbidden here."""
        return not self.capabilities >> _CAP_SYS_RESOURCE & 1


def survey(state: Path, *, name: str, ports: Iterable[int], first_build: bool) -> Machine:
    free, fullest = min((disk.free_gigabytes(folder), folder) for folder in (state, paths.cache()))
    return Machine(
        system=platform.system(),
        root=os.geteuid() == 0,
        distribution=_distribution(),
        capabilities=_capabilities(),
        missing_controllers=tuple(cgroups.missing()) if cgroups.ROOT.is_dir() else ("all",),
        fullest=fullest,
        free_gigabytes=free,
        needed_gigabytes=_DISK_GIGABYTES + (_BUILD_GIGABYTES if first_build else 0),
        memory_gigabytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9,
        port_refusals=() if record.running(name) else loopback.refusals(ports),
        unreachable=_unreachable() if first_build else None,
    )


def refusals(machine: Machine) -> list[str]:
    """Every reason why a node cannot run here: what was found, what is needed."""
    if machine.system != "Linux":
        return [f"system: {machine.system}, expected Linux, or a running Docker engine"]
    return _of_the_system(machine) + _of_space(machine) + _of_the_network(machine)


def _of_the_system(machine: Machine) -> list[str]:
    found: list[str] = []
    if not {"debian", "ubuntu"} & set(machine.distribution.split()):
        found.append(
            f"distribution: {machine.distribution or 'unknown'}, "
            "expected Debian or Ubuntu, or a running Docker engine"
        )
    lacking = [name for name, bit in _CAPABILITIES.items() if not machine.capabilities >> bit & 1]
    if not machine.root:
        found.append("user: not root, expected root (sudo make up), or a running Docker engine")
    elif lacking:
        found.append(
            f"root: without {' and '.join(lacking)}, expected a root user that may create namespaces"
        )
    if machine.missing_controllers:
        missing = ", ".join(machine.missing_controllers)
        found.append(f"control groups: no {missing}, expected cpu, memory and pids")
    return found


def _of_space(machine: Machine) -> list[str]:
    found: list[str] = []
    if machine.free_gigabytes < machine.needed_gigabytes:
        found.append(
            f"disk: {machine.free_gigabytes:.1f} GB free at {machine.fullest}, "
            f"expected {machine.needed_gigabytes} GB"
        )
    if machine.memory_gigabytes < _MEMORY_GIGABYTES:
        found.append(f"memory: {machine.memory_gigabytes:.1f} GB, expected {_MEMORY_GIGABYTES} GB")
    return found


def _of_the_network(machine: Machine) -> list[str]:
    found = list(machine.port_refusals)
    if machine.unreachable:
        found.append(f"network: {machine.unreachable}, expected it to be reachable for the first build")
    return found


def require(machine: Machine) -> None:
    if found := refusals(machine):
        raise LocalClusterError("\n".join(found))


def _distribution() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return ""
    return f"{release.get('ID', '')} {release.get('ID_LIKE', '')}".strip()


def _capabilities() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0


def _unreachable() -> str | None:
    """The first place Go would download from, when it does not answer; nothing when Go asks no one."""
    program = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if program is None:
        return None  # the build says what is needed
    answer = subprocess.run([program, "env", "GOPROXY"], capture_output=True, text=True, check=False)
    first = re.split("[,|]", answer.stdout.strip())[0]
    if not first.startswith(("http://", "https://")):
        return None
    try:
        httpx.head(first, timeout=15, follow_redirects=False)
    except httpx.HTTPError as error:
        return f"{httpx.URL(first).host} does not answer ({type(error).__name__})"
    return None
