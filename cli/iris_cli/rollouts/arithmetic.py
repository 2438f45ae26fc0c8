"""Writes out how the judge comes to the verdict of one gate, number by number. Pure.

Every number comes from `iris_api.judge`, which the operator uses.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from iris_api import judge
from iris_api.judge import Gate, Interval, Share

_PER: Final = 1000
_DEVIATIONS: Final = 1.96  # a 95 % interval
_FORMULA: Final = {
    "low": "low = d - sqrt((c - w-(c))^2 + (w+(s) - s)^2)",
    "high": "high = d + sqrt((w+(c) - c)^2 + (s - w-(s))^2)",
}


@dataclass(frozen=True, slots=True)
class Case:
    """The counts of one step: (canary, stable), or one pair for each class of `shift` by its name."""

    gate: Gate
    shares: Mapping[str, tuple[Share, Share]]
    since: int = 0  # the canary's requests at the former look

    @property
    def pairs(self) -> Sequence[tuple[Share, Share]]:
        return list(self.shares.values())

    @property
    def requests(self) -> int:
        return self.pairs[0][0].requests


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of the reference rows: how many got the same class, and how many per 1,000 must."""

    share: Share
    per_mille: int
    is_judged: bool


def agreement_data(found: Agreement) -> dict[str, Any]:
    """The comparison for programs."""
    bounds = judge.wilson(found.share, _DEVIATIONS)
    return {
        "gate": "agreement",
        "leastPerMille": found.per_mille,
        "agree": found.share.events,
        "rows": found.share.requests,
        "judged": found.is_judged,
        "lowPerMille": round(_PER * bounds.low, 3),
        "highPerMille": round(_PER * bounds.high, 3),
    }


def agreement_lines(found: Agreement) -> Iterator[str]:
    """What the comparison of the reference rows decides, and how little it proves."""
    expected = f"at least {found.per_mille} per 1,000 reference rows must get the same class from both"
    yield f"gate agreement: {expected}"
    if not found.share.requests:
        yield "not compared: the candidate's model card has no reference rows"
        return
    yield f"found {_share(found.share)}"
    bounds = _interval(judge.wilson(found.share, _DEVIATIONS))
    yield f"Wilson interval of the true share, 95 %, z = {_DEVIATIONS}: {bounds} per 1,000"
    if not found.is_judged:
        yield "not judged: the stable version may have been trained on these rows"
        return
    # As the operator decides, in whole numbers.
    passes = found.share.events * _PER >= found.per_mille * found.share.requests
    yield f"the gate uses the found share, not the interval: {'Pass' if passes else 'Fail'}"


def data(case: Case) -> dict[str, Any]:
    """The verdict for programs."""
    found = judge.judge(case.gate, case.pairs, case.since)
    looks = judge.due(case.gate, case.requests, case.since)
    return {
        "gate": case.gate.name,
        "marginPerMille": round(_PER * case.gate.margin, 3),
        "verdict": str(found.verdict) if found else None,
        "differencePerMille": round(_PER * found.difference, 3) if found else None,
        "lowPerMille": round(_PER * found.interval.low, 3) if found else None,
        "highPerMille": round(_PER * found.interval.high, 3) if found else None,
        "looks": looks._asdict(),
        "needed": judge.needed(case.gate, case.pairs),
    }


def lines(case: Case) -> Iterator[str]:
    """The whole computation, then the verdict and what is missing."""
    gate, looks = case.gate, judge.due(case.gate, case.requests, case.since)
    direction = "in either direction" if gate.two_sided else "more than the stable version"
    yield f"gate {gate.name}: at most {_thousandths(gate.margin)} per 1,000 {direction}"
    for name, (canary, stable) in case.shares.items():
        title = f"class {name}: " if name else ""
        yield f"{title}canary c = {_share(canary)}, stable s = {_share(stable)}"
    if looks == (None, None):
        yield f"no look is due: {_next(case)}"
        return
    if looks.to_pass is not None:
        at, error = _nth(gate.pass_looks(), looks.to_pass), judge.pass_error(looks.to_pass)
        yield f"pass look {looks.to_pass}, due at {at:,} requests, error {error:.3g}"
        yield from _bounds(case, error, "high")
    if looks.to_fail is not None:
        at, error = _nth(gate.fail_looks(), looks.to_fail), judge.fail_error(looks.to_fail)
        shared = f" / {len(case.pairs)} classes" if len(case.pairs) > 1 else ""
        yield f"fail look {looks.to_fail}, due at {at:,} requests, error {error:.3g}{shared}"
        yield from _bounds(case, error / len(case.pairs), "low")
    yield from _conclusion(case)


def _bounds(case: Case, error: float, bound: str) -> Iterator[str]:
    """One bound of every pair, at the z of this error."""
    z = judge.quantile(error)
    yield f"  z = {z:.4f}   {_FORMULA[bound]}"
    for name, (canary, stable) in case.shares.items():
        pairs = {name: (canary, stable)}
        if case.gate.two_sided:
            pairs[f"{name}, c and s exchanged"] = (stable, canary)
        for title, (first, second) in pairs.items():
            of_first, of_second = judge.wilson(first, z), judge.wilson(second, z)
            interval = judge.interval(first, second, error)
            end = interval.high if bound == "high" else interval.low
            wilson = f"w(c) = {_interval(of_first)}   w(s) = {_interval(of_second)}"
            yield f"  {title + ': ' if title else ''}{wilson}   {bound} = {_thousandths(end)}"


def _conclusion(case: Case) -> Iterator[str]:
    found = judge.judge(case.gate, case.pairs, case.since)
    if found is None:
        return
    margin = _thousandths(case.gate.margin)
    passes, fails = f"high <= {margin} passes", f"low > {margin} fails"
    yield f"{passes}, {fails}: {found.verdict}"
    if found.verdict is judge.Verdict.NOT_ENOUGH:
        yield _next(case)


def _next(case: Case) -> str:
    needed = judge.needed(case.gate, case.pairs)
    if needed is not None:
        return f"needs about {needed:,} more requests of the canary to pass, at the observed rates"
    if case.requests == 0:
        return "found no requests of the canary"
    return "cannot pass unless the observed rates change"


def _nth(looks: Iterator[int], number: int) -> int:
    return next(at for index, at in enumerate(looks) if index == number)


def _share(share: Share) -> str:
    per = _PER * share.events / share.requests if share.requests else 0.0
    return f"{share.events:,} of {share.requests:,} ({per:.2f} per 1,000)"


def _interval(interval: Interval) -> str:
    return f"[{_thousandths(interval.low)}, {_thousandths(interval.high)}]"


def _thousandths(share: float) -> str:
    rounded = round(_PER * share, 2) + 0.0  # never "-0", which a bound just below zero would be
    return f"{rounded:.2f}".rstrip("0").rstrip(".")
