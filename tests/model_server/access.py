"""Keys and lists of clients for tests."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from iris_api import keys

LONG_AGO: Final = "2020-01-01T00:00:00Z"


def key(number: int) -> str:
    return keys.make(hashlib.sha256(bytes([number])).digest())


GOOD, LIMITED, EXPIRED, NOBODYS = (key(number) for number in range(4))
# As when a digit is lost or mistyped.
MISTYPED: Final = GOOD[:-1] + ("a" if GOOD[-1] != "a" else "b")


def entry(name: str, of: str, **limits: Any) -> dict[str, Any]:
    return {"name": name, "sha256": keys.digest(of), **limits}


def write(folder: Path, *entries: dict[str, Any]) -> Path:
    """A list, by default of a client of each kind."""
    listed = entries or (
        entry("shop", GOOD),
        entry("batch", LIMITED, requestsPerSecond=2),
        entry("former", EXPIRED, notAfter=LONG_AGO),
    )
    path = folder / "clients.json"
    path.write_text(json.dumps(listed), encoding="utf-8")
    return path


def bearer(of: str) -> dict[str, str]:
    return {"authorization": f"Bearer {of}"}
