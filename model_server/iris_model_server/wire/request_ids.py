"""Request ids: the client's if it is safe, else 32 random hexadecimal digits.

Random bytes are read in blocks: one by one they would cost a system call for each request.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

HEADER: Final = b"x-request-id"
DIGITS: Final = 32
_BLOCK: Final = 256
# Characters that are safe in a log and in a header.
_SANE: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")


def given(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """The id that the client sent, if it is safe. The first of several headers counts."""
    for name, value in headers:
        if name == HEADER:
            return sane(value)
    return None


def sane(sent: bytes) -> str | None:
    """The sent id, if it is safe, else None."""
    return sent.decode("ascii") if _SANE.fullmatch(sent) else None


def source() -> Callable[[], str]:
    """A function that returns a new id at each call."""
    return _ids().__next__


def _ids() -> Iterator[str]:
    while True:
        digits = os.urandom(DIGITS // 2 * _BLOCK).hex()
        for start in range(0, len(digits), DIGITS):
            yield digits[start : start + DIGITS]
