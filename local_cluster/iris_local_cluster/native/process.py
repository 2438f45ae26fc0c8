"""Which process is ours: a process id alone may have been given to someone else since.

The kernel's start time of a process never changes and is never shared by two holders of one id.
"""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from iris_local_cluster.errors import LocalClusterError


@dataclass(frozen=True, slots=True)
class Identity:
    """A process that can be found again, or known to be gone."""

    pid: int
    started: int


def identify(pid: int | str) -> Identity | None:
    """The identity of a running process; `self` names the caller's, in the eyes of the mounted /proc."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The program's name is in parentheses and may hold anything, parentheses too.
    before, _, after = text.rpartition(")")
    fields = after.split()
    state, started = fields[0], int(fields[19])
    return None if state in {"Z", "X"} else Identity(int(before.split(" ", 1)[0]), started)


def alive(identity: Identity) -> bool:
    return identify(identity.pid) == identity


def kill(identity: Identity, *, seconds: float = 120) -> None:
    """End exactly this process and wait until the kernel has let go of it."""
    if alive(identity):
        os.kill(identity.pid, signal.SIGKILL)
    deadline = time.monotonic() + seconds
    while alive(identity):
        if time.monotonic() > deadline:
            raise LocalClusterError(
                f"process {identity.pid}: still running {seconds:.0f} s after it was killed"
            )
        time.sleep(0.05)
