"""Takes rights away from this process before it opens a file of others. Linux only; standard library only.

Afterwards the process and its children have no network, a read-only file system with empty /run and /tmp,
no processes of others in reach, no capability, and limits on memory and time. They can still read every
other file that the user can read; what they read can leave only through the process's own output.

To be called before numpy is imported: a process with threads cannot enter these namespaces.
"""

import ctypes
import os
import resource
import struct
import sys
from typing import Final

_NETWORK: Final = 0x40000000
_PROCESSES: Final = 0x20000000
_USER: Final = 0x10000000
_IPC: Final = 0x08000000
_MOUNTS: Final = 0x00020000
_NAMESPACES: Final = _USER | _NETWORK | _IPC | _MOUNTS | _PROCESSES
_PRIVATE: Final = 0x4000 | 0x40000  # MS_REC | MS_PRIVATE
# The same number on every architecture; older C libraries have no function for it.
_MOUNT_SETATTR: Final = 442
_AT_FDCWD: Final = -100
_RECURSIVE: Final = 0x8000
_READ_ONLY: Final = struct.pack("<4Q", 1, 0, 0, 0)
_NO_NEW_PRIVILEGES: Final = 38
_CAPABILITIES: Final = 0x20080522
# Sockets of services are in /run, and files of other programs in /tmp.
_HIDDEN: Final = ("/run", "/tmp")  # noqa: S108 - replaced by an empty folder
MEMORY: Final = 4 * 1024**3
SECONDS: Final = 120


def enter() -> None:
    """Give up the rights. Returns in a child process; this one waits for it and exits. Raises OSError."""
    if sys.platform != "linux":
        raise OSError("no Linux")
    user, group = os.getuid(), os.getgid()
    library = ctypes.CDLL(None, use_errno=True)
    _require(library.unshare(_NAMESPACES), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123
            file.write(text)
    # Only a child is inside the new namespace of processes.
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    _close_files(library)
    _drop_capabilities(library)
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def _close_files(library: ctypes.CDLL) -> None:
    """Make the whole file system read-only, here only."""
    _require(library.mount(b"none", b"/", None, _PRIVATE, None), "mount")
    needed = [*sys.path, sys.prefix, sys.base_prefix]
    for folder in _HIDDEN:
        # An environment of Python's below /tmp must stay readable.
        if not any(path.startswith(f"{folder}/") for path in needed):
            _require(library.mount(b"none", folder.encode(), b"tmpfs", 0, None), "mount")
    size = len(_READ_ONLY)
    answer = library.syscall(_MOUNT_SETATTR, _AT_FDCWD, b"/", _RECURSIVE, _READ_ONLY, size)
    _require(answer, "mount_setattr")


def _drop_capabilities(library: ctypes.CDLL) -> None:
    """Without them, nothing of the above can be undone."""
    _require(library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "prctl")
    header, none = struct.pack("<Ii", _CAPABILITIES, 0), bytes(24)
    _require(library.capset(header, none), "capset")


def _require(answer: int, call: str) -> None:
    if answer < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
