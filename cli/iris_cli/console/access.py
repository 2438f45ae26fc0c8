"""Admits the browser that opened the printed address, and no other page or program. Pure.

The address has a token that works once; then a cookie, which other sites cannot send, takes its place. The
Host header is checked, because a foreign name can be made to resolve to 127.0.0.1.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from threading import Lock
from typing import Final

# Everything comes from the console itself; nothing may be embedded in, or sent to, another site.
_POLICY: Final = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass
class Access:
    """The secrets of one run."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    _lock: Lock = field(default_factory=Lock)
    _is_used: bool = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    @property
    def _name(self) -> str:
        # Cookies of 127.0.0.1 are shared by all ports.
        return f"iris_console_{self.port}"

    def set_cookie(self) -> str:
        return f"{self._name}={self.cookie}; HttpOnly; SameSite=Strict; Path=/"

    def is_host(self, host: str | None) -> bool:
        return host in (f"127.0.0.1:{self.port}", f"localhost:{self.port}")

    def is_known(self, header: str | None) -> bool:
        """Whether the Cookie header has this run's cookie."""
        try:
            sent = SimpleCookie(header or "").get(self._name)
        except CookieError:
            return False
        return sent is not None and hmac.compare_digest(sent.value.encode(), self.cookie.encode())

    def redeem(self, token: str) -> bool:
        """Whether the token is right; it works once."""
        with self._lock:
            fits = hmac.compare_digest(token.encode(), self.token.encode()) and not self._is_used
            self._is_used = self._is_used or fits
            return fits
