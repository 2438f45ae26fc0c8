"""Checks the form of an access key before it is sent: a lost character is found here. Pure."""

import re
import zlib
from typing import Final

_KEY: Final = re.compile(r"(iris_[0-9A-Za-z]{43})([0-9A-Za-z]{6})")
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def headers(key: str | None) -> dict[str, str]:
    """The header with this key; empty without one. Raises ValueError, without the key."""
    if key is None:
        return {}
    found = _KEY.fullmatch(key)
    if found is None:
        raise ValueError("key: not in the form of a key, expected iris_ and 49 letters and digits")
    if _checksum(found[1]) != found[2]:
        raise ValueError("key: its checksum does not match, expected the key as it was printed")
    return {"Authorization": f"Bearer {key}"}


def _checksum(text: str) -> str:
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
