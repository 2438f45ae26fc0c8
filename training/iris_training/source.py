"""Reads the data file: bytes to text, with its digest. Writes nothing and does not depend on columns."""

import codecs
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from iris_training.errors import Invalid

# About 800,000 rows: far more than any table of flowers, far less than would exhaust the memory.
LARGEST_FILE = 16 * 1024 * 1024
# Mark → its name for messages, and the codec that decodes it.
MARKS = {
    codecs.BOM_UTF8: ("a UTF-8 byte order mark", "utf-8-sig"),
    codecs.BOM_UTF16_LE: ("UTF-16", "utf-16"),
    codecs.BOM_UTF16_BE: ("UTF-16", "utf-16"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """One data file as it was read."""

    name: str
    text: str
    sha256: str


def missing(path: Path) -> bool:
    """True if nothing has that name; a broken link does not count as missing."""
    return not os.path.lexists(path)


def load(path: Path, *, marks: bool = False) -> Source:
    """Read the file, refused by kind and size before its first byte; `marks` accepts a byte order mark."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            found = "a directory" if stat.S_ISDIR(status.st_mode) else "a pipe or device"
            raise Invalid(path, found, "a CSV file")
        _size(path, status.st_size)
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise Invalid(path, error.strerror or str(error), "a CSV file that can be read") from error
    # Checked again: the file may have grown, and some file systems report no size.
    _size(path, len(content))
    # A file name may be invalid text; the card that contains it must be valid.
    name = os.fsencode(path).decode(errors="replace")
    return Source(
        name=name, text=_decode(path, content, marks=marks), sha256=hashlib.sha256(content).hexdigest()
    )


def _size(path: Path, size: int) -> None:
    if size > LARGEST_FILE:
        limit = LARGEST_FILE // 1024**2
        raise Invalid(path, f"{size / 1024**2:,.1f} MiB or more", f"at most {limit} MiB")


def _decode(path: Path, content: bytes, *, marks: bool) -> str:
    found, encoding = next((MARKS[mark] for mark in MARKS if content.startswith(mark)), (None, "utf-8"))
    if found is not None and not marks:
        cure = f"`iris-training import-data {path}` writes it"
        raise Invalid(f"{path}:1:1", found, f"UTF-8 without a byte order mark, as {cure}")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = before[before.rfind(b"\n") + 1 :].count(b",") + 1
        found = f"the byte 0x{content[error.start]:02x}"
        raise Invalid(f"{path}:{line}:{column}", found, "UTF-8 text") from error
