"""The CSV's text to typed rows, and the classic sample as text. Pure: no file is read or written here.

Every refusal names the line and the column as an editor counts them. Nothing is guessed or repaired:
a row that is dropped in silence would be missing from the model in silence.
"""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from iris_training.errors import Invalid, quote

FEATURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
CLASSES = ("setosa", "versicolor", "virginica")
HEADER = (*FEATURES, "species")
UNIT = "cm"
# No iris is a metre long: such a number is another unit or a slip, and would rule the scaler.
LARGEST_LENGTH = 100.0
# One for each fold of the cross-validation.
FEWEST_ROWS_PER_CLASS = 5
# Narrower than float(), which also takes "nan", "1_000", " 5.1 " and digits of other scripts.
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Dataset:
    """Rows in file order; a label is the index of its class in CLASSES."""

    rows: tuple[tuple[float, ...], ...]
    labels: tuple[int, ...]


def parse(text: str, *, name: str) -> Dataset:
    """Read the whole text or refuse it; `name` is what the messages call the file."""
    lines = _lines(text, name)
    _header(lines, name)
    parsed = [_row(cells, name, line) for line, cells in lines]
    dataset = Dataset(rows=tuple(row for row, _ in parsed), labels=tuple(label for _, label in parsed))
    _balance(dataset, name)
    return dataset


def render(rows: Iterable[Sequence[float]], labels: Iterable[int]) -> str:
    """The inverse of parse: the shortest decimals that read back as the same numbers."""
    lines = [
        ",".join([*(repr(float(value)) for value in row), CLASSES[label]])
        for row, label in zip(rows, labels, strict=True)
    ]
    return "\n".join([",".join(HEADER), *lines, ""])


def sample() -> str:
    """The classic 150 flowers as CSV text."""
    # Imported here: scikit-learn takes seconds, and a CSV that is refused should not wait for it.
    from sklearn.datasets import load_iris  # noqa: PLC0415

    bunch = load_iris()
    return render(bunch.data.tolist(), bunch.target.tolist())


def _lines(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Each line that is not empty, with its number in the file."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise Invalid(f"{name}:{reader.line_num}:1", str(error), "comma-separated values") from error
        if cells is None:
            return
        if cells:
            yield reader.line_num, cells


def _header(lines: Iterator[tuple[int, list[str]]], name: str) -> None:
    expected = f"the header {','.join(HEADER)}"
    line, cells = next(lines, (1, []))
    if not cells:
        raise Invalid(f"{name}:1:1", "an empty file", expected)
    for column, cell in enumerate(cells, start=1):
        if cell in cells[: column - 1]:
            raise Invalid(f"{name}:{line}:{column}", f"the column {quote(cell)} twice", expected)
    for column, (cell, wanted) in enumerate(zip(cells, HEADER, strict=False), start=1):
        if cell != wanted:
            raise Invalid(f"{name}:{line}:{column}", quote(cell), f"{quote(wanted)} ({expected})")
    _width(cells, name, line, expected)


def _width(cells: Sequence[str], name: str, line: int, expected: str) -> None:
    if len(cells) != len(HEADER):
        column = min(len(cells), len(HEADER)) + 1
        raise Invalid(f"{name}:{line}:{column}", f"{len(cells)} columns", expected)


def _row(cells: Sequence[str], name: str, line: int) -> tuple[tuple[float, ...], int]:
    if tuple(cells) == HEADER:
        raise Invalid(f"{name}:{line}:1", "the header a second time", "a row of measurements")
    _width(cells, name, line, f"{len(HEADER)} columns")
    *lengths, label = cells
    row = tuple(_length(cell, name, line, column) for column, cell in enumerate(lengths))
    if label not in CLASSES:
        where = f"{name}:{line}:{len(HEADER)}"
        raise Invalid(where, f"species {quote(label)}", f"one of {', '.join(CLASSES)}")
    return row, CLASSES.index(label)


def _length(cell: str, name: str, line: int, column: int) -> float:
    value = float(cell) if NUMBER.fullmatch(cell) else math.nan
    if not 0 < value <= LARGEST_LENGTH:
        where = f"{name}:{line}:{column + 1}"
        found = f"{FEATURES[column]} {quote(cell)}"
        raise Invalid(where, found, f"a number above 0 and up to {LARGEST_LENGTH:g} ({UNIT})")
    return value


def _balance(dataset: Dataset, name: str) -> None:
    if not dataset.rows:
        raise Invalid(f"{name}:2:1", "no rows below the header", "rows of measurements")
    counts = Counter(dataset.labels)
    for index, label in enumerate(CLASSES):
        if counts[index] < FEWEST_ROWS_PER_CLASS:
            found = f"{counts[index]} rows of {label}"
            raise Invalid(
                f"{name}:1:{len(HEADER)}", found, f"at least {FEWEST_ROWS_PER_CLASS} of each species"
            )
