"""Makes and checks access keys. A key is printed once and kept nowhere; Git has its SHA-256."""

import argparse
import re
import secrets
import sys
from datetime import UTC, datetime
from typing import Final

from iris_api import keys

from iris_cli.errors import Trouble

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"


def new(options: argparse.Namespace) -> int:
    key = keys.make(secrets.token_bytes(keys.RANDOM_BYTES))
    lines = [f"- name: {options.name}", f"  sha256: {keys.digest(key)}"]
    if options.rate is not None:
        lines.append(f"  requestsPerSecond: {options.rate}")
    if options.not_after is not None:
        lines.append(f'  notAfter: "{options.not_after}"')
    shown = ("The key, which is shown only now:", key, "", "For Git, below spec.access.keys:", *lines)
    sys.stdout.write("\n".join(shown) + "\n")
    return 0


def check(options: argparse.Namespace) -> int:  # noqa: ARG001  # as every command
    """From standard input: an argument would stay in the history of the shell."""
    key = sys.stdin.readline().strip()
    if fault := keys.fault(key):
        raise Trouble(f"key: {fault}")
    sys.stdout.write(f"sha256: {keys.digest(key)}\n")
    return 0


def name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected lower-case letters, digits and '-'")
    return text


def rate(text: str) -> int:
    if text.isascii() and text.isdecimal() and 1 <= int(text[:7]) <= 100_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"found {text!r}, expected 1 to 100000")


def moment(text: str) -> str:
    try:
        found = datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected such as 2027-01-31T00:00:00Z") from None
    return found.strftime(_MOMENT)
