"""One container without a container engine: an image's files and runc's configuration.

Made like Kubernetes would run it: not root, no capability, a root file system that cannot be written. The
network is the host's, so the program inside must listen on loopback only.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

USER = 65532
_NAMESPACES = ("pid", "ipc", "uts", "mount")
_PRIVATE = ["nosuid", "noexec", "nodev"]


def arguments(command: Sequence[str], *, port: int) -> list[str]:
    """The image's command on a loopback port of the host; the last of repeated options counts."""
    return [*command, "--host", "127.0.0.1", "--port", str(port)]


def config(image: Mapping[str, Any], *, port: int, settings: Mapping[str, str]) -> dict[str, Any]:
    """runc's config.json for the `config` part of an image's configuration, with more environment."""
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": USER, "gid": USER},
            "args": arguments(image["Cmd"], port=port),
            "env": [*image["Env"], *(f"{name}={value}" for name, value in settings.items())],
            "cwd": "/",
            "noNewPrivileges": True,
        },
        "root": {"path": "root", "readonly": True},
        "hostname": "iris",
        "mounts": [
            _mount("/proc", "proc", _PRIVATE),
            _mount("/dev", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
            _mount("/tmp", "tmpfs", [*_PRIVATE, "mode=1777", "size=65536k"]),  # noqa: S108 - inside
        ],
        "linux": {"namespaces": [{"type": name} for name in _NAMESPACES]},
    }


def write(folder: Path, image: Mapping[str, Any], *, port: int, settings: Mapping[str, str]) -> None:
    (folder / "config.json").write_text(json.dumps(config(image, port=port, settings=settings)))


def run_command(folder: Path, *, state: Path) -> list[str]:
    """runc in a session of its own (a Ctrl-C is its parent's to pass on), ended when its parent dies."""
    runc = ["runc", "--root", str(state), "run", "--bundle", str(folder), folder.name]
    return ["setsid", "setpriv", "--pdeathsig", "TERM", *runc]


def _mount(destination: str, kind: str, options: list[str]) -> dict[str, Any]:
    return {"destination": destination, "type": kind, "source": kind, "options": options}
