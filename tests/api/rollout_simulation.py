"""Simulates rollouts: requests by chance, looks by the judge, and the same with a fixed threshold beside it.

`make judge-tables` writes its lines into docs/judge.md.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

import numpy as np
from iris_api import judge
from iris_api.judge import Gate, Share, Verdict
from numpy.typing import NDArray

POLL_SECONDS: Final = 5
BASELINE_SECONDS: Final = 15
STEP_SECONDS: Final = 120
DECIDE_SECONDS: Final = 1800
STEPS: Final = (0.05, 0.20, 0.50)
GATES: Final = (Gate("failed", 0.010), Gate("refused", 0.020), Gate("slow", 0.020))
SHIFT: Final = Gate("shift", 0.100, two_sided=True)
LOOKS: Final = sorted(
    {look for gate in (*GATES, SHIFT) for looks in (gate.fail_looks(), gate.pass_looks()) for look in looks}
)
CLASSES: Final = (0.40, 0.35, 0.25)

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Version:
    """The probabilities of a version's answers."""

    failed: float = 0.001
    refused: float = 0.005
    slow: float = 0.005
    classes: tuple[float, ...] = CLASSES

    def events(self, random: np.random.Generator, requests: Counts) -> Counts:
        """Cumulated counts, a row per poll: one column per gate, then one per class."""
        shares = (self.failed, self.refused, self.slow)
        columns = [random.binomial(requests, share) for share in shares]
        classes = random.multinomial(requests, self.classes)
        return np.cumsum(np.column_stack([*columns, classes]), axis=0)


@dataclass(frozen=True)
class Outcome:
    state: str
    seconds: float
    failed_answers: int


@dataclass
class Step:
    """The counts of one step at its polls."""

    canary: Counts
    stable: Counts
    requests: tuple[Sequence[int], Sequence[int]]
    seen: dict[str, int] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)

    def due(self) -> list[int]:
        """The polls at which any gate has a look; the judge returns None at all others."""
        first = np.searchsorted(self.requests[0], LOOKS)
        return [int(poll) for poll in np.unique(first) if poll < len(self.requests[0])]

    def look(self, poll: int) -> Iterator[Verdict]:
        """The verdicts of the gates that are due at a poll."""
        for number, gate in enumerate((*GATES, SHIFT)):
            columns = range(number, number + 1) if gate is not SHIFT else range(number, number + len(CLASSES))
            shares = [
                (
                    Share(int(self.canary[poll, column]), self.requests[0][poll]),
                    Share(int(self.stable[poll, column]), self.requests[1][poll]),
                )
                for column in columns
            ]
            judgement = judge.judge(gate, shares, self.seen.get(gate.name, 0))
            if judgement is None:
                continue
            self.seen[gate.name] = judgement.requests
            if judgement.verdict is Verdict.PASS:
                self.passed.add(gate.name)
            yield judgement.verdict


def rollout(seed: int, rate: float, canary: Version, stable: Version) -> Outcome:
    """One rollout at `rate` requests per second."""
    random = np.random.default_rng(seed)
    start, failed = 0.0, 0
    for weight in STEPS:
        last = weight == STEPS[-1]
        polls = (DECIDE_SECONDS if last else STEP_SECONDS) // POLL_SECONDS
        step = _step(random, rate * weight, rate * (1 - weight), (canary, stable), polls)
        for poll in step.due():
            seconds = start + BASELINE_SECONDS + (poll + 1) * POLL_SECONDS
            if Verdict.FAIL in list(step.look(poll)):
                return Outcome("RolledBack", seconds, failed + int(step.canary[poll, 0]))
            if last and len(step.passed) == len(GATES) + 1:
                return Outcome("Promoted", seconds, failed + int(step.canary[poll, 0]))
        start += BASELINE_SECONDS + polls * POLL_SECONDS
        failed += int(step.canary[-1, 0])
    return Outcome("Held", start, failed)


def by_threshold(seed: int, rate: float, canary: Version, *, checks: int, seconds: int = 60) -> str:
    """The outcome where each interval must have 99 % of successes, and `checks` failed ones roll back."""
    random = np.random.default_rng(seed)
    missed = 0
    for weight in STEPS:
        for _ in range(max(1, STEP_SECONDS // seconds)):
            requests = random.poisson(rate * weight * seconds)
            missed += requests > 0 and random.binomial(requests, canary.failed) / requests > 0.01
            if missed >= checks:
                return "RolledBack"
    return "Promoted"


def outcomes(amount: int, rate: float, canary: Version, stable: Version) -> list[Outcome]:
    return [rollout(seed, rate, canary, stable) for seed in range(amount)]


def _step(
    random: np.random.Generator,
    canary_rate: float,
    stable_rate: float,
    versions: tuple[Version, Version],
    polls: int,
) -> Step:
    arrived = [random.poisson(rate * POLL_SECONDS, polls) for rate in (canary_rate, stable_rate)]
    events = [version.events(random, requests) for version, requests in zip(versions, arrived, strict=True)]
    sums = [np.cumsum(requests).tolist() for requests in arrived]
    return Step(events[0], events[1], (sums[0], sums[1]))


@dataclass(frozen=True)
class Line:
    """One line of the table: what is rolled out beside what."""

    name: str
    rate: float  # requests per second
    canary: Version
    stable: Version


LINES: Final = (
    *(
        Line(f"healthy, {share:.1%} fail, {rate} requests/s", rate, Version(share), Version(share))
        for rate in (20, 2)
        for share in (0.001, 0.005, 0.01)
    ),
    Line("one point worse (0.5% to 1.5%)", 20, Version(0.015), Version(0.005)),
    Line("20% fail", 20, Version(0.2), Version(0.001)),
    Line("20% fail, 2 requests/s", 2, Version(0.2), Version(0.001)),
    Line("classes 40/35/25 become 20/35/45", 20, Version(0, classes=(0.2, 0.35, 0.45)), Version(0)),
)


def cells(line: Line, amount: int = 2000) -> list[str]:
    """The line of the table: shares of the outcomes, times, failed answers, and the threshold's share."""
    ended = outcomes(amount, line.rate, line.canary, line.stable)
    states = Counter(outcome.state for outcome in ended)
    times = sorted(outcome.seconds for outcome in ended)
    fixed = Counter(by_threshold(seed, line.rate, line.canary, checks=2) for seed in range(amount))
    shares = [100 * states[state] / amount for state in ("Promoted", "RolledBack", "Held")]
    return [
        line.name,
        *(f"{share:.1f}" for share in shares),
        f"{median(times):.0f} s",
        f"{times[int(len(times) * 0.99)]:.0f} s",
        f"{median(outcome.failed_answers for outcome in ended):.0f}",
        f"{100 * fixed['RolledBack'] / amount:.1f}",
    ]
