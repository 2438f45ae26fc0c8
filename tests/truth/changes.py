"""Seeded changes of one model: to a good version, to a missing one, or reverted in the middle. Pure."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MISSING: Final = "9.9.9"
KINDS: Final = ("good", "missing", "reverted")
_LONGEST_DETOUR_SECONDS: Final = 6.0
_SHORTEST_HOLD_SECONDS, _LONGEST_HOLD_SECONDS = 1.0, 3.0


@dataclass(frozen=True, slots=True)
class Change:
    """Ends with `version`. A detour is declared first and replaced after `detour_seconds`."""

    kind: str
    version: str
    hold_seconds: float  # how long it stays after Ready
    detour: str = ""
    detour_seconds: float = 0.0


def draw(seed: int, number: int, versions: Sequence[str], kinds: Sequence[str] = KINDS) -> list[Change]:
    """The first of `versions` serves before; each of `kinds` is as probable as the others."""
    chance = random.Random(seed)  # noqa: S311
    serving = versions[0]
    changes: list[Change] = []
    for _ in range(number):
        change = _one(chance, serving, versions, kinds)
        changes.append(change)
        serving = change.version
    return changes


def _one(chance: random.Random, serving: str, versions: Sequence[str], kinds: Sequence[str]) -> Change:
    kind = chance.choice(kinds)
    hold = chance.uniform(_SHORTEST_HOLD_SECONDS, _LONGEST_HOLD_SECONDS)
    other = chance.choice([version for version in versions if version != serving])
    seconds = chance.uniform(0, _LONGEST_DETOUR_SECONDS)
    if kind == "good":
        return Change(kind, other, hold)
    if kind == "missing":
        return Change(kind, chance.choice((serving, other)), hold, MISSING, seconds)
    return Change(kind, serving, hold, other, seconds)
