"""The form of a key: `iris_`, 43 random letters and digits (256 bits), and a checksum of 6. Pure.

Other text is refused, even where its digest is on the list: a digest in Git is safe for random keys only, and
must be of no use for a password. The CLI makes keys of this form; tests/contracts compares both.
"""

import re
import zlib
from typing import Final

_DIGITS: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_KEY: Final = re.compile(rb"(iris_[0-9A-Za-z]{43})([0-9A-Za-z]{6})")


def fault(key: bytes) -> str:
    """What is wrong with the form of a key, and what was expected; empty for nothing."""
    found = _KEY.fullmatch(key)
    if found is None:
        return "not in the form of a key, expected iris_ and 49 letters and digits"
    if _checksum(found[1]) != found[2]:
        return "its checksum does not match, expected the key as it was printed"
    return ""


def _checksum(text: bytes) -> bytes:
    number = zlib.crc32(text)
    return bytes(_DIGITS[number // 62**place % 62] for place in range(5, -1, -1))
