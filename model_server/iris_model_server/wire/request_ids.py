"""Request ids: the client's when it is harmless, else 32 hexadecimal digits of the system's randomness.

Those are taken in blocks: one by one they would cost a system call for each request.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

HEADER: Final = b"x-request-id"
DIGITS: Final = 32
_BLOCK: Final = 256
# What can hurt neither a log nor a header.
_SANE: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")


def given(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The id that the client sent, if it may be kept. Of several headers the first counts."""
    for name, value in headers:
        if name == HEADER:
            return sane(value)
    return None


def sane(sent: bytes) -> str | None:
    """What was sent, if it may be kept."""
    return sent.decode("ascii") if _SANE.fullmatch(sent) else None


def source() -> Callable[[], str]:
    """Each call of what is returned gives an id that was never given before."""
    return _ids().__next__


def _ids() -> Iterator[str]:
    while True:
        digits = os.urandom(DIGITS // 2 * _BLOCK).hex()
        for start in range(0, len(digits), DIGITS):
            yield digits[start : start + DIGITS]
