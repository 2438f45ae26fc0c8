"""Binary tensors of the Open Inference Protocol: little-endian bytes to numbers. Pure."""

import struct
import sys
from array import array
from collections.abc import Sequence
from typing import Any, Final

# What an input may be; each converts to FP64 without loss, for no measurement exceeds 100.
ITEM_BYTES: Final = {"FP64": 8, "FP32": 4, "FP16": 2, "INT64": 8, "INT32": 4}
INTEGERS: Final = frozenset({"INT64", "INT32"})
HALF: Final = "FP16"
_CODES: Final = {"FP64": "d", "FP32": "f", "INT64": "q", "INT32": "i"}


def numbers(content: memoryview, datatype: str) -> "array[float]":
    """The numbers of one tensor."""
    if datatype == HALF:
        return array("d", struct.unpack(f"<{len(content) // ITEM_BYTES[HALF]}e", content))
    read: array[Any] = array(_CODES[datatype])
    read.frombytes(content)
    if sys.byteorder == "big":
        read.byteswap()
    return read if datatype == "FP64" else array("d", read)


def packed_texts(texts: Sequence[str]) -> list[bytes]:
    """Each text as an element of a BYTES tensor: its length, then its UTF-8."""
    encoded = [text.encode("utf-8") for text in texts]
    return [struct.pack("<I", len(one)) + one for one in encoded]
