"""Decodes bytes to validated rows, or to a problem that names every fault. Independent of HTTP and the model.

A valid body is decoded once, strictly. Only a refused body is read again, slowly, to report its faults.
"""

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from iris_model_server import errors
from iris_model_server.errors import Problem
from iris_model_server.protocols import chunks
from iris_model_server.schemas import FEATURES, LARGEST_CM, BatchRequest, Fault, Numbers, PredictRequest


class _RawBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A `BatchRequest` whose rows are still text."""

    rows: msgspec.Raw


_ONE: Final = msgspec.json.Decoder(PredictRequest)
_BATCH: Final = msgspec.json.Decoder(BatchRequest)
_RAW_BATCH: Final = msgspec.json.Decoder(_RawBatch)
_NUMBER: Final = f"a number greater than 0 and at most {LARGEST_CM:g} (cm)"
_OBJECT: Final = f"an object with {', '.join(FEATURES)}"
_MOST_FAULTS: Final = 20
_QUOTES: Final = 2 * len(FEATURES)
_REFUSALS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Members(list[tuple[str, Any]]):
    """A JSON object with every member that was sent, also those with the same name."""


def one(body: bytes) -> Numbers:
    """The four measurements of one flower."""
    row = one_or_none(body)
    if row is not None:
        return row
    try:
        _ONE.decode(body)
    except _REFUSALS as error:
        raise _problem(body, _faults_of_one, error) from None
    raise _problem(body, _faults_of_one, None)


def one_or_none(body: bytes) -> Numbers | None:
    """The four measurements, or None if there is a fault to report."""
    try:
        flower = _ONE.decode(body)
    except _REFUSALS:
        return None
    # Four names and no text value are eight quotes; more mean that a name came twice.
    if body.count(b'"') != _QUOTES:
        return None
    return (flower.sepal_length, flower.sepal_width, flower.petal_length, flower.petal_width)


def batch(body: bytes, most_rows: int) -> Sequence[Numbers]:
    """The rows of a batch."""
    try:
        rows = _BATCH.decode(body).rows
    except _REFUSALS as error:
        raise _problem(body, _faults_of_batch, error) from None
    if body.count(b'"') != 2:
        raise _problem(body, _faults_of_batch, None)
    if len(rows) > most_rows:
        raise Problem(errors.TOO_LARGE, f"rows: {len(rows)} rows, at most {most_rows} fit in one request")
    return rows


def batch_parts(body: bytes, most_rows: int) -> Iterator[list[float]]:
    """The numbers of a large batch, chunk by chunk; it is too large for a second, slow reading."""
    try:
        rows = _RAW_BATCH.decode(body).rows
    except _REFUSALS as error:
        raise chunks.refusal(error, body) from None
    if body.count(b'"') != 2:
        raise Problem(errors.INVALID, "body: text values or duplicate names, expected an object with rows")
    return chunks.of_rows(rows, "rows", most_rows)


def _problem(body: bytes, faults_of: Any, error: Exception | None) -> Problem:
    if chunks.is_marked(body) or len(body) > chunks.ONE_GO_BYTES:
        # Reporting every fault of a large body would delay all other requests.
        return chunks.refusal(error or msgspec.ValidationError("a name twice"), body)
    try:
        # RecursionError: a body of ten thousand brackets.
        content = json.loads(body.decode("utf-8"), object_pairs_hook=_Members, parse_int=_integer)
    except UnicodeDecodeError as failure:
        return Problem(errors.MALFORMED, f"body: byte {failure.start} is not UTF-8, expected JSON in UTF-8")
    except json.JSONDecodeError as failure:
        found = f"{failure.msg} at line {failure.lineno}, column {failure.colno}" if body else "empty"
        return Problem(errors.MALFORMED, f"body: {found}, expected JSON")
    except RecursionError:
        return Problem(errors.MALFORMED, "body: nested too deep, expected a flat JSON document")
    faults = []
    for fault in faults_of(content):
        faults.append(fault)
        if len(faults) == _MOST_FAULTS:
            break
    if not faults:
        faults = [Fault("body", errors.one_line(error), "input as described in /docs")]
    detail = "; ".join(f"{fault.field}: {fault.found}, expected {fault.expected}" for fault in faults[:3])
    more = f" (and {len(faults) - 3} more in errors)" if len(faults) > 3 else ""
    return Problem(errors.INVALID, detail + more, faults=faults)


def _integer(digits: str) -> float:
    # float: int refuses more than 4300 digits, and no measurement needs an exact one.
    return float(digits)


def _faults_of_one(content: Any) -> Iterator[Fault]:
    if not isinstance(content, _Members):
        yield Fault("body", _words(content), _OBJECT)
        return
    yield from _faults_of_names(content, FEATURES, _NUMBER)
    for name in FEATURES:
        for value in (value for key, value in content if key == name):
            yield from _faults_of_number(name, value)


def _faults_of_batch(content: Any) -> Iterator[Fault]:
    if not isinstance(content, _Members):
        yield Fault("body", _words(content), "an object with rows")
        return
    yield from _faults_of_names(content, ("rows",), "a list of rows")
    for rows in (value for key, value in content if key == "rows"):
        if not isinstance(rows, list) or isinstance(rows, _Members) or not rows:
            yield Fault("rows", _words(rows), "a list of at least one row")
            continue
        for number, row in enumerate(rows):
            yield from _faults_of_row(f"rows[{number}]", row)


def _faults_of_row(where: str, row: Any) -> Iterator[Fault]:
    if not isinstance(row, list) or isinstance(row, _Members) or len(row) != len(FEATURES):
        yield Fault(where, _words(row), f"a list of {len(FEATURES)} numbers: {', '.join(FEATURES)}")
        return
    for name, value in zip(FEATURES, row, strict=True):
        yield from _faults_of_number(f"{where}.{name}", value)


def _faults_of_names(members: _Members, names: tuple[str, ...], expected: str) -> Iterator[Fault]:
    seen = [name for name, _ in members]
    for name in names:
        if name not in seen:
            yield Fault(name, "nothing", expected)
        elif seen.count(name) > 1:
            yield Fault(name, f"{seen.count(name)} times", "once")
    for name in dict.fromkeys(seen):
        if name not in names:
            yield Fault(errors.one_line(_printable(name)), "an unknown field", f"only {', '.join(names)}")


def _faults_of_number(where: str, value: Any) -> Iterator[Fault]:
    if isinstance(value, bool) or not isinstance(value, float) or not 0 < value <= LARGEST_CM:
        yield Fault(where, _words(value), _NUMBER)


def _words(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}" if math.isfinite(value) else "not a finite number"
    if isinstance(value, str):
        return errors.one_line(f'text "{_printable(value[:40])}"')
    if isinstance(value, _Members):
        return "an object"
    return f"a list of {len(value)}"


def _printable(text: str) -> str:
    # A lone surrogate is legal in a JSON escape and illegal in UTF-8.
    return text.encode("utf-8", "replace").decode("utf-8")
