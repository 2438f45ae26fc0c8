"""The files of an artifact folder, read once: what was verified is what is used.

The signature is the one file that ends with `.sig`. Every other file of the folder must be signed, and every
signed file must be there; symbolic links and other kinds of files are refused.
"""

import hashlib
import logging
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from iris_model_server.errors import ArtifactRefused, SignatureRefused
from iris_model_server.signature import bundle
from iris_model_server.signature.bundle import TAMPERED, UNSIGNED
from iris_model_server.signature.keys import Verification

log = logging.getLogger(__name__)

SUFFIX: Final = ".sig"
MOST_BYTES: Final = 1024 * 1024


class Files(Protocol):
    """The files of one folder."""

    @property
    def signed_by(self) -> str:
        """The key that signed them; empty for nobody's."""

    def names(self) -> list[str]:
        """Their names, in order. Raises ArtifactRefused."""

    def read(self, name: str) -> bytes:
        """The content of one. Raises ArtifactRefused."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """Read from the disk when asked for."""

    folder: Path
    signed_by: str = ""

    def names(self) -> list[str]:
        try:
            return sorted(entry.name for entry in self.folder.iterdir())
        except OSError as error:
            expected = "a readable folder with a model card"
            raise ArtifactRefused(self.folder, error.strerror, expected) from error

    def read(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise ArtifactRefused(self.folder / name, error.strerror, "a readable file") from error


@dataclass(frozen=True, slots=True)
class Verified:
    """The bytes that were hashed."""

    folder: Path
    content: Mapping[str, bytes]
    signed_by: str

    def names(self) -> list[str]:
        return sorted(self.content)

    def read(self, name: str) -> bytes:
        if name not in self.content:
            raise ArtifactRefused(self.folder / name, "No such file or directory", "a readable file")
        return self.content[name]


def of(folder: Path, verification: Verification | None) -> Files:
    """The files of the folder: verified, where there are keys. Raises SignatureRefused."""
    if verification is None:
        return Unverified(folder)
    try:
        return verify(folder, verification)
    except SignatureRefused as refusal:
        if verification.enforced:
            raise
        log.warning("served all the same, because the mode is Warn: %s", refusal)
        return Unverified(folder)


def verify(folder: Path, verification: Verification) -> Verified:
    """Every file of the folder but its signature. Raises SignatureRefused."""
    try:
        found = _listed(folder)
    except OSError as error:
        raise ArtifactRefused(folder, error.strerror, "a readable folder with a model card") from error
    if not found:  # as where an image volume is mounted empty: there is nothing to be unsigned
        raise ArtifactRefused(folder, "an empty folder", "a model with its signature")
    signatures = [name for name in found if name.endswith(SUFFIX)]
    if not signatures:
        expected = f"one file that ends with {SUFFIX}, the signature of {verification.names}"
        raise SignatureRefused(UNSIGNED, folder, "no signature", expected)
    if len(signatures) > 1:
        expected = "one, in a folder of one version"
        raise SignatureRefused(TAMPERED, folder, f"{len(signatures)} signatures", expected)
    where = folder / signatures[0]
    signed_by, digests = bundle.verify(_signature(where), verification, where)
    _compare(folder, set(found) - {signatures[0]}, set(digests))
    return Verified(
        folder, {name: _content(folder / name, digest) for name, digest in digests.items()}, signed_by
    )


def _listed(folder: Path) -> list[str]:
    """Everything but folders, relative to the folder; a link to a folder is a file here."""

    def refuse(error: OSError) -> None:
        raise error

    listed = []
    for parent, folders, files in os.walk(folder, onerror=refuse):
        links = [name for name in folders if Path(parent, name).is_symlink()]
        listed += [Path(parent, name).relative_to(folder).as_posix() for name in (*files, *links)]
    return sorted(listed)


def _compare(folder: Path, found: set[str], signed: set[str]) -> None:
    """Before any of them is read."""
    if extra := sorted(found - signed):
        raise SignatureRefused(
            TAMPERED, folder, f"{extra[0]!a}, which is not signed", "the signed files only"
        )
    if missing := sorted(signed - found):
        raise SignatureRefused(TAMPERED, folder, f"no {missing[0]!a}", "every signed file")


def _signature(path: Path) -> bytes:
    content = _read(path, MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise SignatureRefused(
            UNSIGNED, path, f"more than {MOST_BYTES} bytes", "a signature, which is smaller"
        )
    return content


def _content(path: Path, digest: str) -> bytes:
    content = _read(path, -1)
    if (found := hashlib.sha256(content).hexdigest()) != digest:
        raise SignatureRefused(TAMPERED, f"{path}: sha256", found, f"{digest}, as signed")
    return content


def _read(path: Path, most: int) -> bytes:
    try:
        # A link could be changed after it was compared, and a pipe never ends.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                return file.read(most)
            found = "another kind of file"
    except OSError as error:
        found = "a symbolic link" if path.is_symlink() else error.strerror or "unreadable"
    raise SignatureRefused(TAMPERED, path, found, "a readable regular file")
