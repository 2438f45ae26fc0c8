"""The only module that writes files: a version appears in the output folder completely or not at all.

Everything is written and synced in a hidden folder beside its target, then renamed, the card last:
a card in the folder means that its files exist, whenever the process or the machine stopped.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from iris_training.errors import Invalid

STAGING = ".iris-training-"


class Disk:
    """The port to the file system: each step that can fail, so that tests can fail each one."""

    def make_folder(self, folder: Path) -> None:
        """With its parents."""
        folder.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def locked(self, folder: Path) -> Iterator[None]:
        """One writer per folder. The lock is on the folder itself and dies with the process: no lock file."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def make_staging(self, folder: Path) -> Path:
        """On the same file system as the target: a rename is atomic only there."""
        return Path(tempfile.mkdtemp(prefix=STAGING, dir=folder))

    def write(self, path: Path, content: bytes) -> None:
        """Synced to the disk, so that a rename never exposes an empty file after a power cut."""
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def sync(self, folder: Path) -> None:
        """Sync the names in the folder to the disk."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Atomic."""
        source.rename(target)

    def remove(self, path: Path) -> None:
        """A file, or a folder with its content; it may be missing."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def refuse(folder: Path, card: str) -> None:
    """Refuse before the work what would fail after it. Only reads, so that a refused run leaves no trace."""
    _refuse_existing(folder, card)
    existing = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not existing.is_dir():
        raise Invalid(folder, f"{existing}, which is not a folder", "an output folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise Invalid(folder, f"no permission to write in {existing}", "an output folder that can be written")


def save(files: Mapping[str, bytes], folder: Path, disk: Disk) -> None:
    """Publish one version; the last of the files is its card."""
    card = [*files][-1]
    with _refusing_disk_errors(folder):
        disk.make_folder(folder)
        with disk.locked(folder):
            _refuse_existing(folder, card)
            _replace(files, folder, disk)


def save_data(path: Path, content: bytes, disk: Disk) -> None:
    """Write a data file that does not exist yet."""
    with _refusing_disk_errors(path):
        disk.make_folder(path.parent)
        with disk.locked(path.parent):
            if os.path.lexists(path):
                cure = f"another --output, or that file moved away (mv {path} {path}.old)"
                raise Invalid(path, "a file already there", cure)
            _replace({path.name: content}, path.parent, disk)


def save_key(path: Path, content: bytes) -> None:
    """Write a private key that only its owner can read, never over another file."""
    with _refusing_disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def save_sample(path: Path, content: bytes, disk: Disk) -> None:
    """Write the data file unless another run has written it."""
    with _refusing_disk_errors(path):
        disk.make_folder(path.parent)
        with disk.locked(path.parent):
            if not path.exists():
                _replace({path.name: content}, path.parent, disk)


def _replace(files: Mapping[str, bytes], folder: Path, disk: Disk) -> None:
    """Under the lock every other staging folder belongs to a dead run, so the end removes all of them."""
    published: list[Path] = []
    try:
        staging = disk.make_staging(folder)
        for name, content in files.items():
            disk.write(staging / name, content)
        disk.sync(staging)
        for name in files:
            # Before each name, so that the card cannot reach the disk before the files that it describes.
            disk.sync(folder)
            disk.rename(staging / name, folder / name)
            published.append(folder / name)
        disk.sync(folder)
    except BaseException:
        _undo(published, folder, disk)
        raise
    # The version is published: a leftover that cannot be removed must not turn that into a failure.
    with contextlib.suppress(OSError):
        _remove_staging(folder, disk)


def _undo(published: list[Path], folder: Path, disk: Disk) -> None:
    """The card first. A second failure is not reported: the first one has the cause."""
    with contextlib.suppress(OSError):
        for path in reversed(published):
            disk.remove(path)
        _remove_staging(folder, disk)


def _remove_staging(folder: Path, disk: Disk) -> None:
    for leftover in sorted(folder.glob(f"{STAGING}*")):
        disk.remove(leftover)


def _refuse_existing(folder: Path, card: str) -> None:
    if os.path.lexists(folder / card):
        raise Invalid(
            folder / card, "this version already there", "a new --version, or none for a time stamp"
        )


@contextlib.contextmanager
def _refusing_disk_errors(path: Path) -> Iterator[None]:
    """Turn an error of the disk into a refusal with where, found and expected."""
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        expected = "room for a few hundred kilobytes" if full else "a place that can be written"
        raise Invalid(path, error.strerror or str(error), expected) from error
