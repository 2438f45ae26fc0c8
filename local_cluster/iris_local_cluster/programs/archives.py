"""Images as files: layers and a configuration become one archive that `docker load` and `ctr` both read.

For images that are no more than a program (and, once, a root file system below it) this is quicker than
any builder. The same content always gives the same bytes.
"""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_EPOCH = "1970-01-01T00:00:00Z"
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's tar file and the digest of its content."""

    path: Path
    digest: str


def architecture() -> str:
    """This machine's architecture, as an image names it."""
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


def layer(path: Path) -> Layer:
    with path.open("rb") as file:
        return Layer(path, hashlib.file_digest(file, "sha256").hexdigest())


def program_layer(program: Path, *, at: str, into: Path) -> Layer:
    """A layer that holds one executable at an absolute path, and the folders above it."""
    with tarfile.open(into, "w") as archive:
        for parent in reversed(Path(at).relative_to("/").parents[:-1]):
            archive.addfile(_entry(f"{parent}/", kind=tarfile.DIRTYPE))
        with program.open("rb") as file:
            archive.addfile(_entry(at.removeprefix("/"), size=program.stat().st_size), file)
    return layer(into)


def write(file: IO[bytes], *, reference: str, layers: Sequence[Layer], command: Sequence[str]) -> None:
    """The archive of an image whose entrypoint is this command (none: an image only to build upon)."""
    configuration = _json(config([layer.digest for layer in layers], command))
    name = f"{hashlib.sha256(configuration).hexdigest()}.json"
    members = [f"{layer.digest}/layer.tar" for layer in layers]
    manifest = _json([{"Config": name, "RepoTags": [reference], "Layers": members}])
    with tarfile.open(fileobj=file, mode="w") as archive:
        for member, each in zip(members, layers, strict=True):
            with each.path.open("rb") as content:
                archive.addfile(_entry(member, size=each.path.stat().st_size), content)
        for member, content_bytes in ((name, configuration), ("manifest.json", manifest)):
            archive.addfile(_entry(member, size=len(content_bytes)), io.BytesIO(content_bytes))


def config(digests: Sequence[str], command: Sequence[str]) -> dict[str, Any]:
    """An OCI image configuration."""
    entrypoint = {"Entrypoint": list(command)} if command else {}
    return {
        "created": _EPOCH,
        "architecture": architecture(),
        "os": "linux",
        "config": {"Env": [_PATH], "WorkingDir": "/", **entrypoint},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        "history": [{"created": _EPOCH} for _ in digests],
    }


def _entry(name: str, *, size: int = 0, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.size, entry.mode = kind, size, 0o755
    return entry


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
