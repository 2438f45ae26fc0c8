"""Stands in front of runc in the tests' engine and fits each container to the machine it runs on.

Two things differ between machines and belong into no image: what root may do (some virtual machines withhold
a capability, and then runc refuses every privileged container), and whom the network trusts (a private
certificate authority is mounted over the image's own list for as long as the container runs).
Runs as a program of its own, with the standard library only: `oci_runtime.py RUNC BUNDLE-FILE ARGUMENTS…`.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

AUTHORITIES = "etc/ssl/certs/ca-certificates.crt"
_TRUST = ("SSL_CERT_FILE", "PIP_CERT")
_WITHHELD = {"CAP_SYS_RESOURCE": 24}


def fit_container(spec: dict[str, Any], *, bundle: Path, authorities: Path, bounding: int) -> None:
    """Change a container's config.json in place."""
    fit_process(spec["process"], bounding=bounding)
    root = bundle / spec["root"]["path"]
    # Only over a file that is there: a mount point made for it would stay in the image.
    if authorities.is_file() and (root / AUTHORITIES).is_file():
        spec["mounts"].append(
            {
                "destination": f"/{AUTHORITIES}",
                "type": "bind",
                "source": str(authorities),
                "options": ["bind", "ro"],
            }
        )
        spec["process"]["env"] += [f"{name}=/{AUTHORITIES}" for name in _TRUST]


def fit_process(process: dict[str, Any], *, bounding: int) -> None:
    """Ask for no capability that root lacks here."""
    for kind, names in process.get("capabilities", {}).items():
        process["capabilities"][kind] = [
            name for name in names if name not in _WITHHELD or bounding >> _WITHHELD[name] & 1
        ]


def bounding_set(status: str) -> int:
    """From the text of /proc/self/status."""
    [line] = [line for line in status.splitlines() if line.startswith("CapBnd:")]
    return int(line.split()[1], 16)


def main(arguments: Sequence[str]) -> None:
    runc, authorities, *rest = arguments
    bounding = bounding_set(Path("/proc/self/status").read_text())
    for folder in _values(rest, "--bundle", "-b"):
        bundle = Path(folder)

        def container(spec: dict[str, Any], bundle: Path = bundle) -> None:
            fit_container(spec, bundle=bundle, authorities=Path(authorities), bounding=bounding)

        _rewrite(bundle / "config.json", container)
    for file in _values(rest, "--process", "-p"):
        _rewrite(Path(file), lambda process: fit_process(process, bounding=bounding))
    os.execv(runc, [runc, *rest])  # noqa: S606 - replaces this process, as runc's caller expects


def _values(arguments: Sequence[str], *names: str) -> Iterator[str]:
    for index, argument in enumerate(arguments):
        option, separator, value = argument.partition("=")
        if option in names:
            yield value if separator else arguments[index + 1]


def _rewrite(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    if file.is_file():
        document = json.loads(file.read_text())
        change(document)
        file.write_text(json.dumps(document))


if __name__ == "__main__":
    main(sys.argv[1:])
