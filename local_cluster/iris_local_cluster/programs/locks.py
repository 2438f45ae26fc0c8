"""One builder at a time across processes: an advisory lock on a file.

The kernel drops the lock when its holder dies, however it dies, so nothing has to be cleaned up.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_shared: set[Path] = set()


def share(path: Path, *, alone: Callable[[], None]) -> None:
    """Share the lock until this process ends; `alone` is called first if no other process shares it."""
    if path in _shared:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)  # closed by the end of the process
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        alone()
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    _shared.add(path)


@contextmanager
def hold(path: Path, *, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of this name; `waiting` is called once if another process has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
