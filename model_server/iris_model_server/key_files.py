"""Files that list keys, read once at start: of clients that may call, or of those who may sign a model."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from iris_model_server import errors

Listed = TypeVar("Listed")


def read(path: Path, parse: Callable[[bytes], Listed], expected: str) -> Listed:
    """What `parse` makes of the file. Raises ValueError with where, found and expected."""
    try:
        return parse(path.read_bytes())
    except OSError as error:
        found = error.strerror or "unreadable"
    except (ValueError, msgspec.DecodeError) as error:
        found = errors.one_line(error)
    raise ValueError(f"{path}: {found}, expected {expected}")


def refuse_twins(field: str, values: Sequence[str]) -> None:
    """Raises ValueError when two entries have the same value in this field."""
    if len(set(values)) < len(values):
        raise ValueError(f"the same {field} twice")
