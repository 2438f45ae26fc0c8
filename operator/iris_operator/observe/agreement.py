"""Two versions' answers to the same reference rows: how often do they agree? Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_MOST_KINDS: Final = 8


@dataclass(frozen=True, slots=True)
class Agreement:
    """`is_judged`: both cards name the same rule, so neither version was trained on the rows."""

    rows: int
    agree: int
    differ: tuple[str, ...]  # the commonest first, such as `versicolor → virginica: 1`
    is_judged: bool

    def reaches(self, per_mille: int) -> bool:
        return self.agree * 1000 >= per_mille * self.rows


NONE: Final = Agreement(0, 0, (), is_judged=False)


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A pod that did not answer the rows."""

    failure: str


def compare(stable: Sequence[str], candidate: Sequence[str], *, is_judged: bool) -> Agreement:
    """Of the labels that both gave to the same rows."""
    pairs = Counter(zip(stable, candidate, strict=True))
    agree = sum(count for (old, new), count in pairs.items() if old == new)
    differ = [(count, old, new) for (old, new), count in pairs.items() if old != new]
    kinds = [f"{old} → {new}: {count}" for count, old, new in sorted(differ, key=lambda one: (-one[0], one))]
    return Agreement(len(stable), agree, tuple(kinds[:_MOST_KINDS]), is_judged)
