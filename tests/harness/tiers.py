"""A pytest plugin: `-p tests.harness.tiers --tiers FILE` adds one line for each tier that ran to FILE.

A line is `tier<TAB>tests<TAB>result<TAB>seconds`, then for each test that failed `FAILED<TAB>id<TAB>reason`.
`scripts/test.sh` runs pytest more than once, prints all tiers as one table and below it the failed tests: the
end of a log is often all that CI keeps. The seconds are the sum of pytest's own durations, with fixtures.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

TIERS = ("e2e", "docker", "cluster", "browser", "process")
"""A test with two marks belongs to the tier that needs more: the first of these."""
UNIT = "unit"


@dataclass(slots=True)
class Tier:
    """What is known of one tier so far."""

    outcomes: dict[str, str] = field(default_factory=dict)
    """A test's id to its worst outcome: a test that passed may still fail when its fixtures end."""
    failures: dict[str, str] = field(default_factory=dict)
    """A failed test's id to the first line of its error, at most 300 characters."""
    seconds: float = 0.0

    def add(self, report: pytest.TestReport) -> None:
        self.seconds += report.duration
        if self.outcomes.get(report.nodeid) != "failed" and (report.when == "call" or not report.passed):
            self.outcomes[report.nodeid] = report.outcome
        if report.failed:
            self.failures.setdefault(report.nodeid, _reason(report))

    def lines(self, name: str) -> list[str]:
        counts = Counter(self.outcomes.values())
        words = [f"{counts[outcome]} {outcome}" for outcome in ("failed", "skipped") if counts[outcome]]
        result = ", ".join(words) or "passed"
        tier = f"{name}\t{len(self.outcomes)}\t{result}\t{self.seconds:.0f}\n"
        return [tier, *(f"FAILED\t{test}\t{reason}\n" for test, reason in self.failures.items())]


def _reason(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    words: str = crash.message if crash is not None else report.longreprtext
    return words.strip().partition("\n")[0][:300]


def tier_of(keywords: Iterable[str]) -> str:
    found = set(keywords)
    return next((tier for tier in TIERS if tier in found), UNIT)


class Recorder:
    """Sums up reports, also those that the workers of pytest-xdist send."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._tiers: dict[str, Tier] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._tiers.setdefault(tier_of(report.keywords), Tier()).add(report)

    def pytest_sessionfinish(self) -> None:
        with self._file.open("a") as lines:
            for name, tier in self._tiers.items():
                lines.writelines(tier.lines(name))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tiers", type=Path, metavar="FILE", help="add one line for each tier that ran to FILE")


def pytest_configure(config: pytest.Config) -> None:
    file: Path | None = config.getoption("--tiers")
    if file is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(file))
