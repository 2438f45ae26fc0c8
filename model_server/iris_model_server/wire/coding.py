"""Content codings (RFC 9110 8.4): decodes bodies in gzip or deflate, compresses large answers. Pure."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from iris_model_server import errors
from iris_model_server.errors import Problem

HEADER: Final = (b"content-encoding", b"gzip")
IDENTITY: Final = b"identity"
# How zlib names the formats: gzip, and zlib's own, which HTTP calls deflate.
_FORMATS: Final = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}
ACCEPTED: Final = "gzip, deflate"
# The most that is decoded at once: about a millisecond of work.
ONE_STEP: Final = 262_144
# The fastest: most of the size goes, and a better level takes several times as long.
_LEVEL: Final = 1


class Decoder:
    """Decodes one body of at most so many bytes: never more than a step beyond that is in memory."""

    def __init__(self, coding: bytes, most_bytes: int) -> None:
        self._coding = errors.one_line(coding.decode("latin-1"))
        form = _FORMATS.get(coding.lower())
        if form is None:
            detail = f"content-encoding: {self._coding}, expected {ACCEPTED}"
            raise Problem(errors.MEDIA, detail, headers={"accept-encoding": ACCEPTED})
        self._zlib = zlib.decompressobj(form)
        self._most_bytes = most_bytes
        self._decoded = 0

    def steps(self, data: bytes, *, is_last: bool) -> Iterator[bytes]:
        """The next bytes, decoded step by step."""
        while data or not self._zlib.eof:
            part = self._step(data)
            yield part
            data = self._zlib.unused_data or self._zlib.unconsumed_tail
            if not data and len(part) < ONE_STEP:
                break
        if is_last and not self._zlib.eof:
            raise self._broken("ends too early", "all of it")

    def _step(self, data: bytes) -> bytes:
        if self._zlib.eof:
            raise self._broken("bytes after its end", "nothing after it")
        try:
            part = self._zlib.decompress(data, ONE_STEP)
        except zlib.error as error:
            raise self._broken(errors.one_line(error), "data in this coding") from None
        self._decoded += len(part)
        if self._decoded > self._most_bytes:
            detail = f"body: more when decoded, expected at most {self._most_bytes} bytes"
            raise Problem(errors.TOO_LARGE, detail)
        return part

    def _broken(self, found: str, expected: str) -> Problem:
        return Problem(errors.BODY_CODING, f"body in {self._coding}: {found}, expected {expected}")


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header lists gzip with a weight above 0."""
    for entry in header.lower().split(","):
        name, _, weight = entry.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "").rstrip("0") not in ("q=", "q=0.")
    return False


def compressed(parts: Iterable[bytes]) -> list[bytes]:
    """The parts together in gzip."""
    stream = zlib.compressobj(_LEVEL, zlib.DEFLATED, 31)
    made = [stream.compress(part) for part in parts]
    return [*made, stream.flush()]
