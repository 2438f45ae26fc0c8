"""The cluster's own control groups: every pod is below them, so removing them leaves nothing.

Supports both layouts: one tree (version 2), or one tree per controller (version 1).
"""

import contextlib
import time
from collections.abc import Iterable
from pathlib import Path

from iris_local_cluster.errors import LocalClusterError

ROOT = Path("/sys/fs/cgroup")
_NEEDED = ("cpu", "memory", "pids")


def version(root: Path = ROOT) -> int:
    return 2 if (root / "cgroup.controllers").is_file() else 1


def trees(root: Path = ROOT) -> list[Path]:
    """Where a group's folder is made: one tree, or one per controller without the links between them."""
    if version(root) == 2:
        return [root]
    return sorted(path for path in root.iterdir() if path.is_dir() and not path.is_symlink())


def missing(root: Path = ROOT) -> list[str]:
    """Controllers that a node needs and this machine does not offer."""
    if version(root) == 2:
        offered = (root / "cgroup.controllers").read_text().split()
        return [name for name in _NEEDED if name not in offered]
    return [name for name in _NEEDED if not (root / name).is_dir()]


def create(name: str, root: Path = ROOT) -> None:
    for tree in trees(root):
        if version(root) == 2:
            _offer(tree)
        (tree / name).mkdir(exist_ok=True)
        if (tree / "cpuset.cpus").is_file() and version(root) == 1:
            for file in ("cpuset.cpus", "cpuset.mems"):
                (tree / name / file).write_text((tree / file).read_text())


def _offer(tree: Path) -> None:
    for controller in _NEEDED:
        try:
            (tree / "cgroup.subtree_control").write_text(f"+{controller}")
        except OSError as error:
            raise LocalClusterError(
                f"{tree}: the {controller} controller cannot be delegated to the node ({error.strerror}), "
                "expected to run at the top of the control groups, not inside a container"
            ) from error


def exists(name: str, root: Path = ROOT) -> bool:
    return any((tree / name).is_dir() for tree in trees(root))


def remove(name: str, root: Path = ROOT, *, seconds: float = 120) -> None:
    """Remove the groups from the leaves up; the kernel lets go of ended processes a moment later."""
    deadline = time.monotonic() + seconds
    while groups := [tree / name for tree in trees(root) if (tree / name).is_dir()]:
        for group in groups:
            _remove(sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True))
            _remove([group])
        if time.monotonic() > deadline:
            raise LocalClusterError(
                f"{groups[0]}: still in use {seconds:.0f} s after its processes were killed"
            )
        time.sleep(0.05)


def _remove(groups: Iterable[Path]) -> None:
    for group in groups:
        with contextlib.suppress(OSError):
            group.rmdir()
