"""Checks what RFC 9110 and RFC 9112 demand of a head before its body is read. Pure."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from iris_model_server import errors
from iris_model_server.errors import Kind, Problem

# Not a valid Host.
NO_HOST: Final = b" "
VERSIONS: Final = frozenset({"1.0", "1.1"})
# RFC 3986: an address in brackets or a name, which may be empty; then a port, which may be empty, too.
_HOST: Final = re.compile(rb"(?:\[[\w:.~!$&'()*+,;=-]+\]|[\w.~!$&'()*+,;=%-]*)(?::[0-9]*)?", re.ASCII)


@lru_cache(maxsize=256)
def is_host(value: bytes) -> bool:
    """Whether it is a valid Host. Cached, because few hosts repeat."""
    return _HOST.fullmatch(value) is not None


def is_usual(version: str, by_name: Mapping[bytes, bytes]) -> bool:
    """Whether the head has what nearly every request has, if none of its headers comes twice."""
    return (
        version in VERSIONS and b"transfer-encoding" not in by_name and is_host(by_name.get(b"host", NO_HOST))
    )


def refusal(version: str, headers: Iterable[tuple[bytes, bytes]]) -> Problem | None:
    """Why a request with such a head cannot be read, or None."""
    if version not in VERSIONS:
        return _problem(errors.VERSION, "version", f"HTTP/{version}", "HTTP/1.1")
    host: bytes | None = None
    for name, value in headers:
        if name == b"host":
            if host is not None:
                return _problem(errors.NOT_HTTP, "host", "more than one", "one")
            host = value
        elif name == b"transfer-encoding":
            if version == "1.0":
                return _problem(errors.NOT_HTTP, "transfer-encoding", "in HTTP/1.0", "content-length")
            if value.lower() != b"chunked":
                found = errors.one_line(value.decode("latin-1"))
                return _problem(errors.CODING, "transfer-encoding", found, "chunked")
    if host is None:
        return None if version == "1.0" else _problem(errors.NOT_HTTP, "host", "nothing", "a host")
    if not is_host(host):
        found = errors.one_line(host.decode("latin-1"))
        return _problem(errors.NOT_HTTP, "host", found, "a name or an address, and a port")
    return None


def _problem(kind: Kind, where: str, found: str, expected: str) -> Problem:
    return Problem(kind, f"{where}: {found}, expected {expected}")
