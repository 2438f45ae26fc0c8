"""Kubernetes quantities: every spelling of a number is that number."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_operator.model import quantities


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"),
        ("2", "2"),
        (2, "2"),
        ("500m", "0.5"),
        (".5", "0.5"),
        ("1.", "1"),
        ("-1.5", "-1.5"),
        ("+3", "3"),
        ("1e3", "1000"),
        ("12E-1", "1.2"),
        ("1E", "1000000000000000000"),
        ("100n", "0.0000001"),
        ("5u", "0.000005"),
        ("1k", "1000"),
        ("1Ki", "1024"),
        ("128Mi", "134217728"),
        ("1.5Gi", "1610612736"),
        ("1Ei", "1152921504606846976"),
    ],
)
def test_the_parser_reads_every_spelling(text: str | int, number: str) -> None:
    assert quantities.parse(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "m", "1 Mi", "1mi", "1K", "0x10", "1e", "1e3k", "NaN", "inf", "\u0661"])
def test_the_parser_reads_nothing_into_what_is_no_quantity(text: str) -> None:
    assert quantities.parse(text) is None


@given(st.integers(-(10**15), 10**15))
def test_a_number_equals_itself_in_thousandths_and_with_a_point(thousandths: int) -> None:
    in_thousandths = f"{thousandths}m"
    with_a_point = format(Decimal(thousandths) / 1000, "f")

    assert quantities.equal(in_thousandths, with_a_point)
    assert quantities.equal(with_a_point, in_thousandths)


@given(st.integers(0, 2**40), st.sampled_from(range(1, 7)))
def test_bytes_equal_themselves_with_a_binary_suffix(count: int, power: int) -> None:
    suffix = "KMGTPE"[power - 1] + "i"

    assert quantities.equal(f"{count}{suffix}", str(count * 1024**power))


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_different_numbers_differ(left: int, right: int) -> None:
    assert quantities.equal(f"{left}m", f"{right}m") == (left == right)


@pytest.mark.parametrize(
    ("left", "right"),
    [(None, None), ("", ""), ("abc", "abc"), (0.5, "500m"), ("1", None), ([], [])],
)
def test_what_is_no_quantity_equals_nothing(left: object, right: object) -> None:
    assert not quantities.equal(left, right)
