"""Decides where to connect, and which host to name there. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

LOOPBACK: Final = "localhost"


@dataclass(frozen=True, slots=True)
class Address:
    """For httpx: the URL to connect to, the Host header, and the name that a certificate must have."""

    url: httpx.URL
    headers: Mapping[str, str]
    extensions: Mapping[str, Any]


def parse(url: str, host: str | None) -> Address:
    """The address for a base URL and an optional host. Raises ValueError."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ValueError(
            f"url: found {url!r}, expected http:// or https:// and a host, such as http://127.0.0.1:8000"
        )
    # RFC 6761 6.3 gives these names to loopback, but most resolvers, and so Python, do not find them.
    loopback = parsed.host.removesuffix(".").endswith(f".{LOOPBACK}")
    if host is None and not loopback:
        return Address(parsed, {}, {})
    named = _host(host) if host is not None else parsed
    connects = parsed.copy_with(host=LOOPBACK) if loopback else parsed
    secure = {"sni_hostname": named.host} if parsed.scheme == "https" else {}
    return Address(connects, {"Host": named.netloc.decode("ascii")}, secure)


def _host(host: str) -> httpx.URL:
    try:
        named = httpx.URL(f"//{host}")
    except httpx.InvalidURL:
        named = httpx.URL("")
    if not named.host or named.userinfo or str(named) != f"//{named.netloc.decode('ascii')}":
        raise ValueError(f"host: found {host!r}, expected a host name, such as iris.example.com")
    return named
