"""Tables of irises in other formats, converted to our columns. Pure.

Only unambiguous differences are converted: names of columns and species, a decimal comma, separators. Numbers
never change, and every line keeps its number, so that faults are reported where the file has them.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iris_training.columns import CLASSES, FEATURES, HEADER
from iris_training.errors import Invalid, quote

# Keyed by the letters of a name without "cm": R, scikit-learn, Kaggle and UCI differ in everything else.
COLUMNS = {"".join(feature.split("_")): feature for feature in FEATURES} | dict.fromkeys(
    ("species", "class", "variety", "label", "target"), "species"
)
# Columns that only number the rows.
NUMBERS = {"", "id", "index", "rownames", "unnamed"}
DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]+")
DIGITS = re.compile(r"[0-9]+")
NUMBER = re.compile(r"[0-9]+([.,][0-9]+)?")
SPECIES = re.compile(r"(iris[-_ .]?)?(setosa|versicolor|virginica)", re.IGNORECASE)

Line = tuple[int, list[str]]
# What had to be converted → line and column of its first occurrence.
Found = dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """Lines with their numbers in the file, and what had to be converted."""

    lines: tuple[Line, ...]
    found: Found
    # Where each of our columns is in the file, counted from 1.
    columns: tuple[int, ...] = tuple(range(1, len(HEADER) + 1))


def lines(text: str, name: str, delimiter: str = ",") -> Iterator[Line]:
    """Each line that is not empty, with its number in the file."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise Invalid(f"{name}:{reader.line_num}:1", str(error), "comma-separated values") from error
        if cells is None:
            return
        if cells:
            yield reader.line_num, cells


def convert(text: str, name: str) -> Table:
    """The text with our header and our columns."""
    found: Found = {}
    delimiter = _delimiter(text)
    if delimiter != ",":
        found["semicolons or tabs between the columns"] = "1:1"
    read = [_cells(line, found) for line in lines(text, name, delimiter)]
    if not read:
        return Table((), found)
    (number, header), rows = read[0], read[1:]
    order = _order(header)
    if order is not None:
        if tuple(header) != HEADER:
            found[f"the header {quote(','.join(header))}"] = f"{number}:1"
        rows = [_ordered(line, order, len(header)) for line in rows]
    elif _is_row(header):
        found["no header"] = f"{number}:1"
        order, rows = [*range(len(HEADER))], read
    else:
        # Another table: its first line is refused unchanged.
        return Table(tuple(read), found)
    columns = tuple(column + 1 for column in order)
    converted = (_species(line, found, columns[-1]) for line in rows)
    return Table(((number, [*HEADER]), *converted), found, columns)


def _delimiter(text: str) -> str:
    start = text.lstrip().partition("\n")[0]
    return next((one for one in (";", "\t") if start.count(one) >= len(FEATURES)), ",")


def _cells(line: Line, found: Found) -> Line:
    number, cells = line
    stripped = [cell.strip() for cell in cells]
    for column, (cell, bare) in enumerate(zip(cells, stripped, strict=True), start=1):
        if bare and cell != bare:
            found.setdefault("spaces around values", f"{number}:{column}")
    halves = stripped[:-1]
    if len(halves) == 2 * len(FEATURES) and all(map(DIGITS.fullmatch, halves)):
        # The columns are separated by commas, too.
        stripped = [*map(",".join, zip(halves[::2], halves[1::2], strict=True)), stripped[-1]]
    for column, cell in enumerate(stripped):
        if DECIMAL_COMMA.fullmatch(cell):
            found.setdefault("a decimal comma", f"{number}:{column + 1}")
            stripped[column] = cell.replace(",", ".")
    return number, stripped


def _order(header: Sequence[str]) -> list[int] | None:
    """The position of each of our columns, if this header names each of them once."""
    letters = ["".join(filter(str.isalpha, cell.lower())).removesuffix("cm") for cell in header]
    named = [COLUMNS.get(one) for one in letters]
    others = [one for one, column in zip(letters, named, strict=True) if column is None]
    if sorted(filter(None, named)) != sorted(HEADER) or not NUMBERS.issuperset(others):
        return None
    return [named.index(column) for column in HEADER]


def _ordered(line: Line, order: Sequence[int], width: int) -> Line:
    number, cells = line
    # A line of another width is wrong in any order and is refused unchanged.
    return (number, [cells[column] for column in order]) if len(cells) == width else line


def _is_row(cells: Sequence[str]) -> bool:
    return (
        len(cells) == len(HEADER)
        and all(map(NUMBER.fullmatch, cells[:-1]))
        and SPECIES.fullmatch(cells[-1]) is not None
    )


def _species(line: Line, found: Found, column: int) -> Line:
    number, cells = line
    known = SPECIES.fullmatch(cells[-1])
    if known is None or cells[-1] in CLASSES:
        return line
    if not any(one.startswith("species") for one in found):
        found[f"species {quote(cells[-1])}"] = f"{number}:{column}"
    return number, [*cells[:-1], known[2].lower()]
