"""The CSV's text to typed rows, and the classic sample as text. Pure: no file is read or written here.

Every fault has the line and column as an editor counts them. Nothing is guessed or repaired: a row that is
dropped silently would be missing from the model without anybody noticing.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from iris_training import formats
from iris_training.columns import CLASSES, FEATURES, HEADER, UNIT
from iris_training.errors import Faults, Invalid, counted, quote
from iris_training.formats import Found, Line, Table

# Where our columns are in our own files.
COLUMNS = tuple(range(1, len(HEADER) + 1))
# No iris is a metre long: such a number has another unit or is a mistake, and would dominate the scaler.
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
    """Parse the whole text, or refuse it with all its faults; `name` is the file's name in messages."""
    faults = Faults()
    dataset = _dataset(formats.lines(text, name), name, faults, COLUMNS)
    if faults:
        table = _converted(text, name)
        if table.found:
            faults = Faults()
            for found, place in table.found.items():
                faults.add(Invalid(f"{name}:{place}", found, _expected(name)))
            _dataset(iter(table.lines), name, faults, table.columns)
        raise faults.refusal()
    return dataset


def convert(text: str, *, name: str) -> tuple[Dataset, Found]:
    """Parse a text in another format; also return what had to be converted."""
    faults = Faults()
    table = formats.convert(text, name)
    dataset = _dataset(iter(table.lines), name, faults, table.columns)
    if faults:
        raise faults.refusal()
    return dataset, table.found


def _converted(text: str, name: str) -> Table:
    try:
        return formats.convert(text, name)
    except Invalid:
        # The text has no lines that can be read; the faults already found report that.
        return Table((), {})


def _expected(name: str) -> str:
    return f"the format that `iris-training import-data {name}` writes"


def render(rows: Iterable[Sequence[float]], labels: Iterable[int]) -> str:
    """The inverse of parse: the shortest decimals that read back as the same numbers."""
    lines = [
        ",".join([*(repr(float(value)) for value in row), CLASSES[label]])
        for row, label in zip(rows, labels, strict=True)
    ]
    return "\n".join([",".join(HEADER), *lines, ""])


def sample() -> str:
    """The classic 150 flowers as CSV text."""
    # Imported here: scikit-learn takes seconds, and a refusal of a CSV file should not wait for it.
    from sklearn.datasets import load_iris  # noqa: PLC0415

    bunch = load_iris()
    return render(bunch.data.tolist(), bunch.target.tolist())


def _dataset(lines: Iterator[Line], name: str, faults: Faults, columns: Sequence[int]) -> Dataset:
    """All correct rows; faults are added with the columns of the file."""
    rows: list[tuple[float, ...]] = []
    labels: list[int] = []
    try:
        _header(lines, name)
        for line, cells in lines:
            row, label = _row(cells, f"{name}:{line}", columns, faults)
            rows.append(row)
            labels.append(label)
        if not faults:
            _balance(labels, name)
    except Invalid as fault:
        faults.add(fault)
    return Dataset(rows=tuple(rows), labels=tuple(labels))


def _header(lines: Iterator[Line], name: str) -> None:
    expected = f"the header {','.join(HEADER)}"
    line, cells = next(lines, (1, []))
    if not cells:
        raise Invalid(f"{name}:1:1", "an empty file", expected)
    if len(cells) > 1 and all(map(NUMBER.fullmatch, cells[:-1])):
        columns = f"{expected}, or for import-data {len(FEATURES)} lengths and one of {', '.join(CLASSES)}"
        raise Invalid(f"{name}:{line}:1", f"no header and {len(cells)} columns", columns)
    for column, cell in enumerate(cells, start=1):
        if cell in cells[: column - 1]:
            raise Invalid(f"{name}:{line}:{column}", f"the column {quote(cell)} twice", expected)
    for column, (cell, wanted) in enumerate(zip(cells, HEADER, strict=False), start=1):
        if cell != wanted:
            raise Invalid(f"{name}:{line}:{column}", quote(cell), f"{quote(wanted)} ({expected})")
    if (fault := _width(cells, f"{name}:{line}", expected)) is not None:
        raise fault


def _width(cells: Sequence[str], line: str, expected: str) -> Invalid | None:
    if len(cells) == len(HEADER):
        return None
    column = min(len(cells), len(HEADER)) + 1
    return Invalid(f"{line}:{column}", counted(len(cells), "column"), expected)


def _row(
    cells: Sequence[str], line: str, columns: Sequence[int], faults: Faults
) -> tuple[tuple[float, ...], int]:
    """The numbers and the label; without meaning if a fault was added."""
    if tuple(cells) == HEADER:
        faults.add(Invalid(f"{line}:1", "the header a second time", "a row of measurements"))
        return (), 0
    if (fault := _width(cells, line, f"{len(HEADER)} columns")) is not None:
        faults.add(fault)
        return (), 0
    *lengths, label = cells
    row = tuple(
        _length(cell, feature, f"{line}:{column}", faults)
        for cell, feature, column in zip(lengths, FEATURES, columns, strict=False)
    )
    if label not in CLASSES:
        expected = f"one of {', '.join(CLASSES)}"
        faults.add(Invalid(f"{line}:{columns[-1]}", f"species {quote(label)}", expected))
        return row, 0
    return row, CLASSES.index(label)


def _length(cell: str, feature: str, where: str, faults: Faults) -> float:
    value = float(cell) if NUMBER.fullmatch(cell) else math.nan
    if not 0 < value <= LARGEST_LENGTH:
        expected = f"a number above 0 and up to {LARGEST_LENGTH:g} ({UNIT})"
        faults.add(Invalid(where, f"{feature} {quote(cell)}", expected))
    return value


def _balance(labels: Sequence[int], name: str) -> None:
    if not labels:
        raise Invalid(f"{name}:2:1", "no rows below the header", "rows of measurements")
    counts = Counter(labels)
    for index, label in enumerate(CLASSES):
        if counts[index] < FEWEST_ROWS_PER_CLASS:
            found = f"{counted(counts[index], 'row')} of {label}"
            raise Invalid(
                f"{name}:1:{len(HEADER)}", found, f"at least {FEWEST_ROWS_PER_CLASS} of each species"
            )
