"""Rates and times to figures: ratios of what ran side by side, and the words of the report. Pure."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, Final

from benchmarks.server_load import Segment

# More of the machine than this to others, and a segment does not count while quieter ones do.
QUIET: Final = 0.05
ENOUGH: Final = 3
_CONFIDENCE: Final = 0.95

Rounds = Sequence[Mapping[str, Segment]]
Figure = dict[str, Any]


def undisturbed(rounds: Rounds) -> Rounds:
    """The rounds in which this machine worked for nobody else."""
    return [one for one in rounds if _foreign(one) <= QUIET]


def quiet(rounds: Rounds) -> Rounds:
    """Those; with too few of them the quietest there were."""
    found = undisturbed(rounds)
    return found if len(found) >= ENOUGH else sorted(rounds, key=_foreign)[:ENOUGH]


def _foreign(one: Mapping[str, Segment]) -> float:
    return max(segment.foreign for segment in one.values())


def rate(figure: str, name: str, rounds: Rounds, peers: Sequence[str], unit: str = "req/s") -> Figure:
    """A rate beside the best peer's and the limit's: the median of ratios, round by round."""
    chosen = quiet(rounds)
    rates = {who: statistics.median(one[who].rate for one in chosen) for who in chosen[0]}
    made: Figure = {"figure": figure, "value": round(rates[name]), "unit": unit}
    best = max((peer for peer in peers if peer in rates), key=lambda peer: rates[peer], default=None)
    if best is not None:
        made |= {"times_best_peer": ratio(chosen, name, best), "best_peer": best}
    if "limit" in rates:
        made["times_limit"] = ratio(chosen, name, "limit")
    return made | {
        "repeats": [round(one[name].rate) for one in chosen],
        "rounds": f"{len(chosen)} of {len(rounds)}",
        "foreign": round(max(map(_foreign, chosen)), 3),
    }


def ratio(rounds: Rounds, name: str, other: str) -> float:
    """Round by round, for noise moves a round as a whole."""
    return round(statistics.median(one[name].rate / one[other].rate for one in rounds), 3)


def part(figure: str, name: str, other: str, rounds: Rounds) -> Figure:
    """A rate as a part of another one's, both at once in each round: no round is too noisy."""
    return {
        "figure": figure,
        "value": ratio(rounds, name, other),
        "unit": f"of {other}",
        "interval": interval(rounds, name, other),
        "rounds": f"{len(rounds)} of {len(rounds)}",
    }


def interval(rounds: Rounds, name: str, other: str) -> tuple[float, float]:
    """Of at least 95 % for the median of these ratios, whatever their distribution; all where they are few.

    The median is outside the k-th smallest and largest with the chance that fewer than k are below it.
    """
    ratios = sorted(one[name].rate / one[other].rate for one in rounds)
    count = len(ratios)
    left_out = 0
    while sum(math.comb(count, below) for below in range(left_out + 1)) / 2**count <= (1 - _CONFIDENCE) / 2:
        left_out += 1
    first = max(left_out - 1, 0)
    return round(ratios[first], 3), round(ratios[count - 1 - first], 3)


def least(
    figure: str, name: str, values: Mapping[str, Sequence[float]], unit: str, key: str = "best_peer"
) -> Figure:
    """A cost, where less is better: how many times less than the best of the others."""
    medians = {who: statistics.median(found) for who, found in values.items()}
    other = min((who for who in medians if who != name), key=lambda who: medians[who])
    made: Figure = {"figure": figure, "value": round(medians[name], 4), "unit": unit}
    made[f"times_{key}"] = round(medians[other] / medians[name], 3)
    made |= {f"times_{who}": round(cost / medians[name], 3) for who, cost in medians.items() if who != name}
    return made | {key: other, "repeats": [round(value, 4) for value in values[name]]}
