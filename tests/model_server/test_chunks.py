"""Cutting a text into chunks: never another meaning than the whole, wherever it is cut."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_model_server.errors import Problem
from iris_model_server.protocols import chunks

NUMBERS = st.floats(min_value=0, max_value=100, exclude_min=True) | st.integers(1, 100)
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=12)
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", ":"), ("\t, ", ":")])
ANY = st.recursive(
    NUMBERS | st.none() | st.text(max_size=4) | st.booleans() | st.just(-1), st.lists, max_leaves=12
)


def joined(text: str, size: int) -> list[float]:
    return [
        number
        for chunk in chunks.of(msgspec.Raw(text.encode()), "data", chunk_bytes=size)
        for number in chunk
    ]


@given(ROWS, SEPARATORS, st.integers(0, 60), st.booleans())
def test_pieces_together_are_the_whole(
    rows: list[tuple[float, ...]], separators: tuple[str, str], size: int, nested: bool
) -> None:
    flat = [number for row in rows for number in row]
    text = json.dumps(rows if nested else flat, separators=separators)

    assert joined(text, size) == flat


@given(st.lists(ANY, min_size=1, max_size=8), st.integers(0, 20))
def test_the_chunk_decoder_accepts_only_what_the_whole_decoder_accepts(content: list[Any], size: int) -> None:
    text = json.dumps(content)
    shape: Any = list[list[float]] if isinstance(content[0], list) else list[float]
    try:
        found = joined(text, size)
    except Problem:
        return

    whole = msgspec.json.decode(text, type=shape)
    assert found == [number for one in whole for number in (one if isinstance(one, list) else [one])]
    assert all(0 < number <= 100 for number in found)


@pytest.mark.parametrize("text", ["{}", "1", '"[1,2,3,4]"', "null", ""])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="data: no list"):
        joined(text, 10)
