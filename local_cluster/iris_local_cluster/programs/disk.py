"""Room on a disk, asked for before long work instead of found missing in its middle."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from iris_local_cluster.errors import LocalClusterError


def free_gigabytes(folder: Path) -> float:
    """Room where this folder is, or would be."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free / 1e9


def require(folders: Iterable[Path], gigabytes: float) -> None:
    """Refuse when one of these folders (made or not) has less than that free."""
    for folder in folders:
        free = free_gigabytes(folder)
        if free < gigabytes:
            raise LocalClusterError(f"{folder}: {free:.1f} GB free, expected at least {gigabytes:g} GB")
