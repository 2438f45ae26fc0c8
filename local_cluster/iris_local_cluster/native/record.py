"""The one note a running node leaves outside its state folder: who it is and where it can be reached.

It stands below /run, so a reboot, which ends the node, also clears the note, and `down` finds a node
even when someone removed its state folder by hand.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from iris_local_cluster.native.process import Identity, alive

HOME = Path("/run/iris-nodes")


@dataclass(frozen=True, slots=True)
class Record:
    """A node that was started."""

    pid: int
    started: int
    state: str
    ingress_port: int
    api_port: int
    registry_port: int
    tls_port: int = 0
    """0 for a node that was started before the ingress had TLS."""

    @property
    def identity(self) -> Identity:
        return Identity(self.pid, self.started)


def path(name: str) -> Path:
    return HOME / f"{name}.json"


def save(name: str, record: Record) -> None:
    HOME.mkdir(mode=0o700, exist_ok=True)
    unfinished = HOME / f".{name}.json.unfinished"
    unfinished.write_text(json.dumps(asdict(record)))
    unfinished.replace(path(name))


def load(name: str) -> Record | None:
    """The cluster's note, also when its node is gone."""
    try:
        return Record(**json.loads(path(name).read_text()))
    except FileNotFoundError:
        return None


def running(name: str) -> Record | None:
    """The cluster's note, if its node runs."""
    record = load(name)
    return record if record is not None and alive(record.identity) else None


def forget(name: str) -> None:
    """Remove the note, and the folder with the last one."""
    for file in (path(name), _lock(name), turn(name)):
        file.unlink(missing_ok=True)
    try:
        HOME.rmdir()
    except OSError:
        return  # another cluster's note is there, or nothing was


def claim(name: str) -> int | None:
    """Be the cluster's only node, for as long as this process lives; None when another one is."""
    HOME.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(_lock(name), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def turn(name: str) -> Path:
    """The lock for whoever starts or ends the cluster."""
    return HOME / f"{name}.turn"


def _lock(name: str) -> Path:
    return HOME / f"{name}.lock"
