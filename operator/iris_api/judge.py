"""Compares a canary with the stable version by counts of their requests, at stated error rates. Pure.

A gate bounds how much larger a share of the canary's requests may be than of the stable version's: failed,
refused, slow. The gate `shift` bounds the difference of each predicted class in both directions. A judgement
is Pass when the whole confidence interval of that difference is at or below the margin, Fail when it is
above, else NotEnough.

Looking often at plain 95 % bounds would pass or fail versions by chance. So looks are few and share one error
rate: each is due at a fixed number of the canary's requests, growing geometrically, and spends its part of
`FAIL_ERROR` or `PASS_ERROR`. Decision 0020 has the error rates of simulated rollouts.

Intervals: Wilson's for one share, and the method of variance estimates recovery (MOVER) for a difference
(R. G. Newcombe, Statistics in Medicine 17, 1998, method 10).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from statistics import NormalDist
from typing import Final, NamedTuple

# The probability, over all looks of one step, to fail a version that is exactly at the margin.
FAIL_ERROR: Final = 0.02
# The same to pass it: half at the first look, the rest over all later ones.
PASS_ERROR: Final = 0.05
_FIRST_FAIL_LOOK: Final = 16
_MOST_LOOKS: Final = 64


class Verdict(StrEnum):
    PASS = "Pass"  # noqa: S105  # no password
    FAIL = "Fail"
    NOT_ENOUGH = "NotEnough"


class Share(NamedTuple):
    """How many of an amount of requests: failed ones, or those answered with one class."""

    events: int
    requests: int


class Interval(NamedTuple):
    """Bounds of a difference of two shares, canary minus stable, from -1 to 1."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Gate:
    """What is compared, and the largest difference that is accepted."""

    name: str
    margin: float
    # A difference in the other direction counts, too.
    two_sided: bool = False

    def fail_looks(self) -> Iterator[int]:
        """The canary's requests at which this gate may fail, ascending."""
        return (_FIRST_FAIL_LOOK << number for number in range(_MOST_LOOKS))

    def pass_looks(self) -> Iterator[int]:
        """The canary's requests at which this gate may pass, ascending."""
        # Fewer can pass a one-sided gate by luck alone: 4 / margin requests without any event.
        first = 300 if self.two_sided else math.ceil(4 / self.margin)
        return (math.ceil(first * math.sqrt(2) ** number) for number in range(_MOST_LOOKS))


class Looks(NamedTuple):
    """The numbers of the newest looks that have become due; None: none since the last time."""

    to_fail: int | None
    to_pass: int | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result of one look at one gate."""

    verdict: Verdict
    difference: float
    # The interval that decided it; the one of the look that may pass when both decided nothing.
    interval: Interval
    requests: int


def judge(gate: Gate, shares: Sequence[tuple[Share, Share]], since: int = 0) -> Judgement | None:
    """Judge a gate by the counts of one step, or return None when no look is due.

    `shares` has (canary, stable): one pair, or one for each class of `shift`. `since` is the canary's number
    of requests at the former look of this step, 0 before the first.
    """
    pairs = _directions(gate, shares)
    requests = shares[0][0].requests
    fail_look, pass_look = due(gate, requests, since)
    if fail_look is None and pass_look is None:
        return None
    verdict, bounds = Verdict.NOT_ENOUGH, Interval(-1.0, 1.0)
    if pass_look is not None:
        bounds = _widest(pairs, pass_error(pass_look))
        if bounds.high <= gate.margin and _may_pass(gate, shares):
            verdict = Verdict.PASS
    if fail_look is not None:
        # Any class may fail the gate, so they share the error rate. Passing needs all, so each has it whole.
        of_fail = _widest(pairs, fail_error(fail_look) / len(shares))
        if of_fail.low > gate.margin:
            verdict = Verdict.FAIL
        if verdict is Verdict.FAIL or pass_look is None:
            bounds = of_fail
    return Judgement(verdict, max(_difference(*pair) for pair in pairs), bounds, requests)


def due(gate: Gate, requests: int, since: int = 0) -> Looks:
    """The looks at this number of the canary's requests, after those at `since` of them."""
    return Looks(_look(gate.fail_looks(), since, requests), _look(gate.pass_looks(), since, requests))


def needed(gate: Gate, shares: Sequence[tuple[Share, Share]]) -> int | None:
    """The canary's further requests until it may pass if all shares stay as they are; None: it never may."""
    requests = shares[0][0].requests
    if requests == 0 or not _may_pass(gate, shares):
        return None
    if max(_difference(*pair) for pair in _directions(gate, shares)) >= gate.margin:
        return None
    for number, at in enumerate(gate.pass_looks()):
        if at <= requests:
            continue
        grown = [(_grown(canary, at / requests), _grown(stable, at / requests)) for canary, stable in shares]
        if _widest(_directions(gate, grown), pass_error(number)).high <= gate.margin:
            return at - requests
    return None


def fail_error(look: int) -> float:
    """The error rate of one look at which a gate may fail; all together spend `FAIL_ERROR`."""
    return FAIL_ERROR / ((look + 1) * (look + 2))


def pass_error(look: int) -> float:
    """The error rate of one look at which a gate may pass; all together spend `PASS_ERROR`."""
    return PASS_ERROR / 2 if look == 0 else PASS_ERROR / ((look + 1) * (look + 2))


def interval(canary: Share, stable: Share, error: float) -> Interval:
    """The difference of two shares; either bound is beyond the true one with probability `error`."""
    z = quantile(error)
    of_canary, of_stable = wilson(canary, z), wilson(stable, z)
    c, s = _ratio(canary), _ratio(stable)
    difference = c - s
    return Interval(
        difference - math.hypot(c - of_canary.low, of_stable.high - s),
        difference + math.hypot(of_canary.high - c, s - of_stable.low),
    )


def wilson(share: Share, z: float) -> Interval:
    """Wilson's interval of one share at `z` standard deviations; without requests it is everything."""
    events, n = share
    if n == 0:
        return Interval(0.0, 1.0)
    p, square = events / n, z * z
    middle = p + square / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + square / (4 * n * n))
    whole = 1 + square / n
    # Rounding may end beyond the share where nothing or everything was counted.
    return Interval(min(p, (middle - half) / whole), max(p, (middle + half) / whole))


def _directions(gate: Gate, shares: Sequence[tuple[Share, Share]]) -> list[tuple[Share, Share]]:
    return [*shares, *((stable, canary) for canary, stable in shares)] if gate.two_sided else list(shares)


def _look(looks: Iterator[int], since: int, requests: int) -> int | None:
    """The number of the newest look that has become due, or None."""
    due = None
    for number, at in enumerate(looks):
        if at > requests:
            break
        if at > since:
            due = number
    return due


def _widest(pairs: Sequence[tuple[Share, Share]], error: float) -> Interval:
    """The largest bounds: what fails is above the margin in one pair, what passes is below it in all."""
    lows, highs = zip(*(interval(canary, stable, error) for canary, stable in pairs), strict=True)
    return Interval(max(lows), max(highs))


def _may_pass(gate: Gate, shares: Sequence[tuple[Share, Share]]) -> bool:
    """Whether any request went well: a canary that fails them all is no better than a stable that does."""
    return gate.two_sided or all(canary.events < canary.requests for canary, _ in shares)


def _grown(share: Share, factor: float) -> Share:
    return Share(round(share.events * factor), round(share.requests * factor))


def _difference(canary: Share, stable: Share) -> float:
    return _ratio(canary) - _ratio(stable)


def _ratio(share: Share) -> float:
    return share.events / share.requests if share.requests else 0.0


@lru_cache(maxsize=256)
def quantile(error: float) -> float:
    """The standard deviations that a normal variable exceeds with probability `error`."""
    return NormalDist().inv_cdf(1 - error)
