"""Runs Go: which toolchain a module gets, and one `go build` of several commands of one module.

Independent of Kubernetes. Turns Go's failures into one line and keeps the full output in the cache.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from iris_programs.process import last_line

from iris_local_cluster import paths
from iris_local_cluster.errors import LocalClusterError

UNFINISHED = ".unfinished-"
_NETWORK_WORDS = ("dial tcp", "no such host", "i/o timeout", "connection refused", "TLS handshake", "x509:")


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A Go that satisfies one module's go.mod."""

    program: str
    version: str
    platform: str
    caches: tuple[Path, ...]


def toolchain(folder: Path, *, program: str | None) -> Toolchain:
    """The Go that a module uses: if go.mod requires a newer one, Go may download it."""
    needed = required(folder / "go.mod")
    if program is None:
        raise LocalClusterError(f"Go: not found, expected {needed} or newer on PATH (https://go.dev/dl)")
    answer = _run([program, "env", "-json", "GOVERSION", "GOOS", "GOARCH", "GOCACHE", "GOMODCACHE"], folder)
    if answer.returncode != 0:
        raise LocalClusterError(
            f"Go: {reason(answer.stderr)}; expected {needed} or newer (https://go.dev/dl)"
        )
    values = json.loads(answer.stdout)
    if not satisfies(values["GOVERSION"], needed):
        raise LocalClusterError(
            f"Go: found {values['GOVERSION']} ({program}), expected {needed} or newer (https://go.dev/dl)"
        )
    return Toolchain(
        program=program,
        version=values["GOVERSION"],
        platform=f"{values['GOOS']}/{values['GOARCH']}",
        caches=(Path(values["GOCACHE"]), Path(values["GOMODCACHE"])),
    )


def satisfies(version: str, needed: str) -> bool:
    """Whether `go1.26.8` is at least `1.26.6`; a version that Go itself would not print is let through."""
    found = re.match(r"go(\d+(?:\.\d+)*)", version)
    return found is None or _numbers(found[1]) >= _numbers(needed)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def find() -> str | None:
    """Go on PATH, or where its own installer puts it."""
    return shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")


def required(go_mod: Path) -> str:
    """The Go version that a go.mod requires."""
    for line in go_mod.read_text().splitlines():
        if line.startswith("go "):
            return line.removeprefix("go ").strip()
    raise ValueError(f"{go_mod}: no go line")


def ldflags(variables: Mapping[str, str]) -> str:
    """Linker flags: no symbol table (these files are only run), and the variables set at link time."""
    return " ".join(["-s", "-w", *(f"-X={name}={value}" for name, value in variables.items())])


def flags(linker: str, tags: Sequence[str]) -> list[str]:
    """For `go list` and `go build`: tags select the files, and so the packages."""
    return [f"-ldflags={linker}", f"-tags={','.join(tags)}"]


def executable(package: str) -> str:
    """The file name that `go build` gives a package: its last element, without a /v2."""
    *_, parent, last = ["", *package.split("/")]
    return parent if last[:1] == "v" and last[1:].isdigit() else last


def build(
    toolchain: Toolchain,
    folder: Path,
    commands: Mapping[str, str],
    *,
    flags: Sequence[str],
    into: Path,
    note: Callable[[str], None],
) -> None:
    """Compile the commands into a folder; each appears there only when it is complete."""
    into.mkdir(parents=True, exist_ok=True)
    packages = sorted(commands.values())
    note("resolving packages")
    listing = [toolchain.program, "list", "-mod=readonly", *flags, "-deps", *packages]
    total = len(_follow(listing, folder, lambda line: note(line.removeprefix("go: "))))
    # In the target's folder, so that the rename below stays on one file system.
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=into.parent) as scratch:
        compiled = 0

        def compiling(line: str) -> None:
            nonlocal compiled
            compiled += 1
            note(f"{compiled} of at most {total} packages: {line}")

        command = [toolchain.program, "build", "-v", "-mod=readonly", "-buildvcs=false", "-trimpath", *flags]
        _follow([*command, "-o", f"{scratch}/", *packages], folder, compiling)
        for name, package in commands.items():
            (Path(scratch) / executable(package)).replace(into / name)


def source(folder: Path, module: str) -> Path:
    """The folder of a module that this go.mod requires, downloaded when it is not there yet."""
    command = [toolchain(folder, program=find()).program, "mod", "download", "-json", module]
    found: str = json.loads("".join(_follow(command, folder, lambda _: None)))["Dir"]
    return Path(found)


def _environment() -> dict[str, str]:
    # A user's cross-compiling or workspace settings must not leak into programs that run here.
    ours = {"CGO_ENABLED": "0", "GOWORK": "off"}
    return {name: value for name, value in os.environ.items() if name not in {"GOOS", "GOARCH"}} | ours


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=_environment(), text=True, capture_output=True, check=False
    )


def _follow(command: list[str], folder: Path, report: Callable[[str], None]) -> list[str]:
    """Run Go, report each line of its standard error, return the lines of its standard output."""
    errors: list[str] = []
    if setpriv := shutil.which("setpriv"):
        # It must end with this process, also when it builds in the background.
        command = [setpriv, "--pdeathsig", "TERM", *command]
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(
            command, cwd=folder, env=_environment(), stdout=output, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        try:
            for line in process.stderr or ():
                errors.append(line)
                report(line.strip())
        except BaseException:
            process.terminate()
            raise
        if process.wait() != 0:
            raise LocalClusterError(_failure(folder, command, errors))
        output.seek(0)
        return output.read().splitlines()


def _failure(folder: Path, command: list[str], errors: list[str]) -> str:
    log = paths.cache() / "logs" / f"go-{folder.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"$ {' '.join(command)}\n{''.join(errors)}")
    return f"go {command[1]} of {folder.name}: {reason(''.join(errors))} (full output: {log})"


def reason(errors: str) -> str:
    """The line of Go's output with the cause: the last one, or the one about the network."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    if network := [line for line in lines if any(word in line for word in _NETWORK_WORDS)]:
        return f"the Go modules cannot be downloaded, expected a network (or GOPROXY): {network[-1]}"
    return last_line(errors)
