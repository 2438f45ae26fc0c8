"""The form of an access key: `iris_`, 256 random bits in 43 letters and digits, a checksum of 6. Pure.

The prefix and the checksum let scanners of repositories recognise a key with hardly a false alarm. The model
server and the Python client have their own check of the form; a contract test compares them.
"""

import hashlib
import re
import zlib
from typing import Final

PREFIX: Final = "iris_"
RANDOM_BYTES: Final = 32
PATTERN: Final = r"iris_[0-9A-Za-z]{49}"
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_DIGITS: Final = 43
_CHECKSUM_DIGITS: Final = 6


def make(random: bytes) -> str:
    """The key of these random bytes."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"found {len(random)} random bytes, expected {RANDOM_BYTES}")
    text = PREFIX + _encoded(int.from_bytes(random, "big"), _RANDOM_DIGITS)
    return text + _checksum(text)


def fault(key: str) -> str:
    """What is wrong with the form of a key, and what was expected; empty for nothing."""
    if not re.fullmatch(PATTERN, key):
        digits = _RANDOM_DIGITS + _CHECKSUM_DIGITS
        return f"not in the form of a key, expected {PREFIX} and {digits} letters and digits"
    if _checksum(key[:-_CHECKSUM_DIGITS]) != key[-_CHECKSUM_DIGITS:]:
        return "its checksum does not match, expected the key as it was printed"
    return ""


def digest(key: str) -> str:
    """What the declaration has of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def _checksum(text: str) -> str:
    return _encoded(zlib.crc32(text.encode()), _CHECKSUM_DIGITS)


def _encoded(number: int, places: int) -> str:
    base = len(_DIGITS)
    return "".join(_DIGITS[number // base**place % base] for place in reversed(range(places)))
