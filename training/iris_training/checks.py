"""What is suspicious about data that can be trained on: warnings, which `--strict` makes refusals. Pure.

Where a limit was chosen, the classic sample is far from it and real faults are far beyond it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from iris_training.columns import CLASSES, FEATURES, UNIT
from iris_training.data import Dataset
from iris_training.errors import Invalid, counted

# In the sample it is one; in a file with each row twice it is half of them.
MOST_COPIES = 0.2
# Cross-validation disagrees with 5 % of the sample's labels.
MOST_DISAGREEMENTS = 0.1
# Below, a single row changes a class's scores by more than a tenth.
FEWEST_ROWS = 20
# The smallest and the largest length of the sample.
CLASSIC = {
    "sepal_length": (4.3, 7.9),
    "sepal_width": (2.0, 4.4),
    "petal_length": (1.0, 6.9),
    "petal_width": (0.1, 2.5),
}
UNITS = {"millimetres": 10.0, "inches": 1 / 2.54, "metres": 0.01}
# Beyond this multiple of the classic range, a length is a slip or another unit rather than a flower.
FAR = 2.0
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Earlier:
    """The smallest and the largest length of each feature in the release before."""

    version: str
    ranges: tuple[tuple[float, float], ...]


def warnings(
    dataset: Dataset, disagreements: Sequence[int], *, name: str, before: Earlier | None = None
) -> list[Invalid]:
    """Everything suspicious, each in one line: where, what was found, what was expected."""
    return [
        *_copies(dataset, name),
        *_units(dataset, name),
        *_shifts(dataset, name, before),
        *_outliers(dataset, name),
        *_tiny_classes(dataset, name),
        *_noise(dataset, disagreements, name),
    ]


def _copies(dataset: Dataset, name: str) -> Iterator[Invalid]:
    rows = len(dataset.rows)
    copies = rows - len(set(dataset.rows))
    if copies > MOST_COPIES * rows:
        found = f"{copies} of {rows} rows with the lengths of another"
        expected = f"at most {MOST_COPIES:.0%}; remove copies, for cross-validation counts them as unseen"
        yield Invalid(name, found, expected)


def _units(dataset: Dataset, name: str) -> Iterator[Invalid]:
    medians = [median(column) for column in zip(*dataset.rows, strict=True)]
    if all(low <= one <= high for one, (low, high) in zip(medians, CLASSIC.values(), strict=True)):
        return
    for unit, factor in UNITS.items():
        scaled = [one / factor for one in medians]
        if all(low <= one <= high for one, (low, high) in zip(scaled, CLASSIC.values(), strict=True)):
            yield Invalid(name, f"lengths that look like {unit} ({_listed(medians)})", f"{UNIT}")
            return
    for feature, one in zip(FEATURES, medians, strict=True):
        low, high = CLASSIC[feature]
        if not low <= one <= high:
            found = f"a median {feature} of {one:g}"
            yield Invalid(name, found, f"{low:g} to {high:g} {UNIT}, as irises have")


def _shifts(dataset: Dataset, name: str, before: Earlier | None) -> Iterator[Invalid]:
    if before is None:
        return
    medians = [median(column) for column in zip(*dataset.rows, strict=True)]
    for feature, one, (low, high) in zip(FEATURES, medians, before.ranges, strict=True):
        if not low <= one <= high:
            found = f"a median {feature} of {one:g}"
            yield Invalid(name, found, f"{low:g} to {high:g} {UNIT}, the range in {before.version}")


def _outliers(dataset: Dataset, name: str) -> Iterator[Invalid]:
    far = [
        row
        for row in dataset.rows
        if any(
            not low / FAR <= length <= high * FAR
            for length, (low, high) in zip(row, CLASSIC.values(), strict=True)
        )
    ]
    # Where most are far, the unit is named already.
    if far and len(far) * 2 < len(dataset.rows):
        shown = " ".join(f"[{_listed(row)}]" for row in far[:MOST_SHOWN])
        found = f"{counted(len(far), 'row')} far from any iris: {shown}"
        yield Invalid(name, found, f"lengths up to {FAR:g} times those of the classic sample, in {UNIT}")


def _tiny_classes(dataset: Dataset, name: str) -> Iterator[Invalid]:
    for index, label in enumerate(CLASSES):
        count = dataset.labels.count(index)
        if count < FEWEST_ROWS:
            yield Invalid(
                name, f"{counted(count, 'row')} of {label}", f"at least {FEWEST_ROWS} for reliable scores"
            )


def _noise(dataset: Dataset, disagreements: Sequence[int], name: str) -> Iterator[Invalid]:
    count, rows = len(disagreements), len(dataset.rows)
    if count > MOST_DISAGREEMENTS * rows:
        first = " ".join(
            f"[{_listed(dataset.rows[row])},{CLASSES[dataset.labels[row]]}]"
            for row in disagreements[:MOST_SHOWN]
        )
        found = f"{count} of {rows} labels that a model of the other rows would not give: {first}"
        yield Invalid(name, found, f"at most {MOST_DISAGREEMENTS:.0%}; check the species of these rows")


def _listed(lengths: Sequence[float]) -> str:
    return ",".join(f"{length:g}" for length in lengths)
