"""What the node's processes see on disk. Runs inside the node's own mount namespace only.

The host keeps every folder as it was: places that Kubernetes hard-codes (/etc/kubernetes,
/var/lib/kubelet, …) are mount points made in overlays whose upper layer is memory, and the cluster's
state folder is bound over them. All of it ends with the last process of the namespace.
"""

import subprocess
from pathlib import Path

from iris_local_cluster.native import layout

_OVERLAID = ("/etc", "/var/lib", "/var/log")


def arrange(state: Path) -> None:
    """Put the state folder in its places; new sockets, locks and network namespaces go to memory."""
    _mount("--make-rprivate", "/")
    _mount("-t", "proc", "proc", "/proc")
    _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    layout.INSIDE.mkdir()
    _mount("--bind", str(state), str(layout.INSIDE))
    for number, place in enumerate(_OVERLAID):
        _overlay(place, Path(f"/run/overlay/{number}"))
    for folder, place in layout.PLACES.items():
        source = layout.INSIDE / folder
        source.mkdir(parents=True, exist_ok=True)
        Path(place).mkdir(parents=True, exist_ok=True)
        _mount("--bind", str(source), place)
    _host_names()
    # containerd hands volumes with propagation to pods only from shared mounts; shared among the node's own.
    _mount("--make-rshared", "/")


def _overlay(place: str, memory: Path) -> None:
    upper, work = memory / "upper", memory / "work"
    upper.mkdir(parents=True)
    work.mkdir()
    _mount("-t", "overlay", "-o", f"lowerdir={place},upperdir={upper},workdir={work}", "overlay", place)


def _host_names() -> None:
    hosts = f"127.0.0.1 localhost\n{layout.NODE_ADDRESS} registry.local\n"
    Path("/etc/hosts").unlink(missing_ok=True)
    Path("/etc/hosts").write_text(hosts)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)
