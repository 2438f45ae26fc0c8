"""Decodes the numbers of a large body chunk by chunk, so that other requests need not wait.

The text is cut where a number or a row seems to end, and each chunk is decoded by itself. A wrong cut is
always found: it leaves a chunk that is not a list of numbers or rows within their bounds.
"""

import codecs
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

import msgspec

from iris_model_server import errors
from iris_model_server.errors import Problem
from iris_model_server.schemas import FEATURES, Centimetres, Row

# About a millisecond of work, from request text to answer text.
CHUNK_BYTES: Final = 65_536
# Larger bodies come in chunks: up to here decoding takes one or two milliseconds.
ONE_GO_BYTES: Final = 262_144
REFUSALS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NUMBERS: Final = msgspec.json.Decoder(list[Centimetres])
# By the numbers in each row: a row of its own, or one column of several.
_ROWS: Final[Mapping[int, "msgspec.json.Decoder[Any]"]] = {
    len(FEATURES): msgspec.json.Decoder(list[Row]),
    1: msgspec.json.Decoder(list[tuple[Centimetres]]),
}
_BLANK: Final = b" \t\r\n"
_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

Flat = list[float]


def of(
    data: msgspec.Raw, where: str, *, width: int = len(FEATURES), chunk_bytes: int = CHUNK_BYTES
) -> Iterator[Flat]:
    """The numbers of a JSON list, flat or in rows of `width`; each chunk holds whole rows."""
    text = bytes(data).strip(_BLANK)
    if text[:1] != b"[" or text[-1:] != b"]":
        raise Problem(errors.INVALID, f"{where}: no list, expected a list of numbers")
    read = _nested if is_nested(text) else _flat
    yield from read(text, where, width, chunk_bytes)


def of_rows(data: msgspec.Raw, where: str, most_rows: int) -> Iterator[Flat]:
    """The numbers of a list of at most this many rows."""
    text = bytes(data)
    rows = text.count(b"[") - 1
    if rows > most_rows:
        raise Problem(errors.TOO_LARGE, f"{where}: {rows} rows, at most {most_rows} fit in one request")
    if not is_nested(text.lstrip(_BLANK)):
        raise Problem(errors.INVALID, f"{where}: no list of rows, expected a list of at least one row")
    return of(data, where)


def refusal(error: Exception, body: bytes) -> Problem:
    """Why a decoder refused a body, without reading all of a large one again."""
    if is_marked(body):
        return Problem(
            errors.MALFORMED, "body: begins with a byte order mark, expected JSON in UTF-8 without one"
        )
    if isinstance(error, msgspec.ValidationError):
        return Problem(errors.INVALID, f"body: {errors.one_line(error)}")
    if isinstance(error, RecursionError):
        return Problem(errors.MALFORMED, "body: nested too deep, expected a flat JSON document")
    return Problem(errors.MALFORMED, f"body: {errors.one_line(error)}, expected JSON")


def is_marked(body: bytes) -> bool:
    """Whether it begins with a byte order mark, as the text files of some programs do."""
    return body.startswith(_MARKS)


def is_nested(text: bytes) -> bool:
    """Whether the text is a list of lists."""
    return text[:64].lstrip(_BLANK)[1:].lstrip(_BLANK)[:1] == b"["


def _flat(text: bytes, where: str, width: int, chunk_bytes: int) -> Iterator[Flat]:
    rest: Flat = []
    for chunk, first in _cut(text, b",", chunk_bytes):
        rest += _decoded(_NUMBERS, chunk, where, first)
        whole = len(rest) - len(rest) % width
        yield rest[:whole]
        rest = rest[whole:]
    if rest:
        found = errors.counted(len(rest), "number")
        raise Problem(errors.INVALID, f"{where}: {found} at the end, expected {width} a row")


def _nested(text: bytes, where: str, width: int, chunk_bytes: int) -> Iterator[Flat]:
    for chunk, first in _cut(text, b"]", chunk_bytes):
        yield list(chain.from_iterable(_decoded(_ROWS[width], chunk, where, first)))


def _decoded(decoder: "msgspec.json.Decoder[Any]", chunk: bytes, where: str, first: int) -> list[Any]:
    try:
        decoded: list[Any] = decoder.decode(chunk)
    except REFUSALS as error:
        raise Problem(errors.INVALID, f"{where} from its byte {first} on: {error}") from None
    return decoded


def _cut(text: bytes, end: bytes, chunk_bytes: int) -> Iterator[tuple[bytes, int]]:
    """The parts of a list as lists of their own, and their positions."""
    start, last = 1, len(text) - 1
    while start < last:
        found = text.find(end, start + chunk_bytes, last)
        stop = last if found < 0 else found + (end == b"]")
        yield b"[" + text[start:stop] + b"]", start
        comma = text.find(b",", stop, last)
        start = last if comma < 0 else comma + 1
