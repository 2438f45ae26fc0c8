"""Bytes to rows: what is refused, and that the words name the field, what was found and expected."""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_model_server import errors
from iris_model_server.errors import Problem
from iris_model_server.protocols import decoding

from tests.model_server import artifacts

GOOD = dict(zip(artifacts.FEATURES, (5.1, 3.5, 1.4, 0.2), strict=True))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=12,
)
NEAR = st.fixed_dictionaries(
    {}, optional=dict.fromkeys((*artifacts.FEATURES, "rows"), ANY_JSON | st.floats(0, 101))
)
WRONG_VALUES = {
    "zero": ("0", "0"),
    "negative": ("-3.5", "-3.5"),
    "negative zero": ("-0.0", "-0"),
    "over a metre": ("100.1", "100.1"),
    "NaN": ("NaN", "not a finite number"),
    "infinity": ("Infinity", "not a finite number"),
    "negative infinity": ("-Infinity", "not a finite number"),
    "overflow": ("1e400", "not a finite number"),
    "underflow": ("1e-400", "0"),
    "ten thousand digits": ("9" * 10_000, "not a finite number"),
    "true": ("true", "true"),
    "null": ("null", "null"),
    "text": ('"5.1"', 'text "5.1"'),
    "lone surrogate": ('"\\ud800"', 'text "?"'),
    "list": ("[5.1]", "a list of 1"),
    "object": ('{"cm": 5.1}', "an object"),
}
MALFORMED = {
    "empty": b"",
    "cut off": b'{"sepal_length": 5.1',
    "trailing text": b'{"sepal_length": 5.1} and more',
    "byte order mark": b"\xef\xbb\xbf{}",
    "latin 1": b'{"sepal_l\xe4nge": 5.1}',
    "utf-16": json.dumps(GOOD).encode("utf-16"),
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 50_000,
    "form": b"sepal_length=5.1",
}


def body_with(value: str) -> bytes:
    return json.dumps(GOOD).replace("1.4", value).encode()


def refused(body: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        decoding.one(body)
    return caught.value


def test_the_decoder_reads_whole_and_broken_numbers_in_the_order_of_the_features() -> None:
    body = b' {"petal_width": 0.2, "sepal_length": 5, "petal_length": 14e-1, "sepal_width": 3.50}\n'

    assert decoding.one(body) == (5.0, 3.5, 1.4, 0.2)


@pytest.mark.parametrize(("value", "found"), WRONG_VALUES.values(), ids=WRONG_VALUES)
def test_the_decoder_names_the_field_what_was_found_and_what_was_expected(value: str, found: str) -> None:
    problem = refused(body_with(value))

    assert problem.kind is errors.INVALID
    assert [(fault.field, fault.found) for fault in problem.faults] == [("petal_length", found)]
    assert problem.faults[0].expected == "a number greater than 0 and at most 100 (cm)"
    assert problem.detail == f"petal_length: {found}, expected a number greater than 0 and at most 100 (cm)"


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_json_is_called_so(body: bytes) -> None:
    problem = refused(body)

    assert problem.kind is errors.MALFORMED
    assert problem.detail.startswith("body: ")


def test_the_decoder_reports_every_fault() -> None:
    problem = refused(b'{"sepal_length": true, "petal_length": -1, "petal_width": "x", "colour": "blue"}')

    fields = {fault.field: fault.found for fault in problem.faults}
    assert fields == {
        "sepal_width": "nothing",
        "colour": "an unknown field",
        "sepal_length": "true",
        "petal_length": "-1",
        "petal_width": 'text "x"',
    }


@pytest.mark.parametrize(
    "again", ['"sepal_length": 5.1', '"sepal\\u005flength": 9'], ids=["plain", "escaped"]
)
def test_a_field_given_twice_is_refused(again: str) -> None:
    problem = refused(json.dumps(GOOD)[:-1].encode() + f", {again}}}".encode())

    assert [(fault.field, fault.found) for fault in problem.faults] == [("sepal_length", "2 times")]


@pytest.mark.parametrize("body", [b"[]", b"5.1", b"null", b'"text"', b"{}"])
def test_another_shape_is_refused(body: bytes) -> None:
    assert refused(body).kind is errors.INVALID


def test_the_decoder_names_the_row_and_the_column_of_a_batch() -> None:
    with pytest.raises(Problem) as caught:
        decoding.batch(b'{"rows": [[5.1, 3.5, 1.4, 0.2], [5.1, 3.5, 1.4, -1], [5.1], 7]}', 10)

    assert [fault.field for fault in caught.value.faults] == ["rows[1].petal_width", "rows[2]", "rows[3]"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"rows": []}', "rows"),
        (b'{"rows": {}}', "rows"),
        (b'{"rows": [[1,1,1,1]], "rows": [[1,1,1,1]]}', "rows"),
        (b'{"rows": [[1,1,1,1]], "more": 1}', "more"),
        (b"{}", "rows"),
        (b"[[1,1,1,1]]", "body"),
    ],
)
def test_a_batch_of_another_shape_is_refused(body: bytes, field: str) -> None:
    with pytest.raises(Problem) as caught:
        decoding.batch(body, 10)

    assert [fault.field for fault in caught.value.faults] == [field]


def test_a_batch_of_too_many_rows_is_too_large() -> None:
    with pytest.raises(Problem) as caught:
        decoding.batch(json.dumps({"rows": [[1, 1, 1, 1]] * 11}).encode(), 10)

    assert caught.value.kind is errors.TOO_LARGE
    assert caught.value.detail == "rows: 11 rows, at most 10 fit in one request"


def test_the_decoder_stops_counting_faults_of_a_hopeless_batch() -> None:
    with pytest.raises(Problem) as caught:
        decoding.batch(json.dumps({"rows": [0] * 10_000}).encode(), 10)

    assert len(caught.value.faults) == 20


def allowed(content: Any) -> bool:
    """The rule said once more, slowly: exactly the four fields, each a number in its bounds."""
    return (
        isinstance(content, dict)
        and sorted(content) == sorted(artifacts.FEATURES)
        and all(
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and 0 < value <= 100
            for value in content.values()
        )
    )


@given(ANY_JSON | NEAR)
def test_the_decoder_accepts_exactly_what_the_rule_allows(content: Any) -> None:
    body = json.dumps(content).encode()

    if allowed(content):
        assert decoding.one(body) == tuple(map(float, (content[name] for name in artifacts.FEATURES)))
    else:
        assert refused(body).kind is errors.INVALID


@given(
    st.binary(max_size=60)
    | st.tuples(st.binary(max_size=10), NEAR).map(lambda p: json.dumps(p[1]).encode() + p[0])
)
def test_any_bytes_end_in_rows_or_in_a_problem(body: bytes) -> None:
    for decode in (decoding.one, lambda given: decoding.batch(given, 10)):
        assert predictions(decode, body) in ("rows", errors.MALFORMED, errors.INVALID)


def predictions(decode: Callable[[bytes], Sequence[object]], body: bytes) -> object:
    try:
        return "rows" if decode(body) else "nothing"
    except Problem as problem:
        return problem.kind if problem.detail.isprintable() else problem.detail
