"""Checks free disk space before long work starts."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from iris_local_cluster.errors import LocalClusterError


def free_gigabytes(folder: Path) -> float:
    """The free space where this folder is or would be."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free / 1e9


def require(folders: Iterable[Path], gigabytes: float) -> None:
    """Fail if one of these folders (existing or not) has less free space."""
    for folder in folders:
        free = free_gigabytes(folder)
        if free < gigabytes:
            raise LocalClusterError(f"{folder}: {free:.1f} GB free, expected at least {gigabytes:g} GB")
