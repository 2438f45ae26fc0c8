"""The tables of docs/judge.md, made from the judge itself: `make judge-tables` writes them."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from iris_api import judge
from iris_api.judge import Gate, Share, Verdict

from tests.api import rollout_simulation as simulation

PAGE: Final = Path(__file__).parents[2] / "docs" / "judge.md"
MARGINS: Final = (0.005, 0.01, 0.02, 0.05)
SHARES: Final = (0.001, 0.005, 0.01, 0.05)
_STEPS: Final = 2000
_MOST_REQUESTS: Final = 30_000
SIMULATION_HEAD: Final = (
    "rollout", "promoted %", "rolled back %", "held %", "median", "p99", "failed answers",
    "threshold rolls back %",
)  # fmt: skip


def requests_needed() -> str:
    """The requests that each version needs in one step to pass, when both have the same share of events."""
    head = ["margin", *(f"{share:.1%}" for share in SHARES)]
    rows = [
        [_points(margin), *(f"{_needed(Gate('failed', margin), share):,}" for share in SHARES)]
        for margin in MARGINS
    ]
    return table(head, rows)


def _needed(gate: Gate, share: float) -> int:
    for at in gate.pass_looks():
        both = Share(round(at * share), at)
        found = judge.judge(gate, [(both, both)], at - 1)
        if found is not None and found.verdict is Verdict.PASS:
            return at
    raise AssertionError(f"gate {gate.name}: found no look at which it passes, expected one")


def errors() -> str:
    """How often one gate in one step errs about a version exactly at the margin, whatever comes after."""
    head = ("stable fails", "canary fails", "margin", "passed %", "failed %")
    rows = []
    for margin in (0.01, 0.02):
        for share in SHARES:
            passed, failed = _error(Gate("failed", margin), share)
            shown = (f"{share:.1%}", f"{share + margin:.1%}", _points(margin))
            rows.append([*shown, f"{100 * passed:.1f}", f"{100 * failed:.1f}"])
    return table(head, rows)


def _error(gate: Gate, share: float) -> tuple[float, float]:
    """The shares of simulated steps in which any look passes, and in which any fails."""
    looks = sorted(at for at in {*_until(gate.pass_looks()), *_until(gate.fail_looks())})
    between = np.diff(looks, prepend=0)
    random = np.random.default_rng(20)
    size = (_STEPS, len(looks))
    canary = np.cumsum(random.binomial(between, share + gate.margin, size), axis=1)
    stable = np.cumsum(random.binomial(between, share, size), axis=1)
    passed = failed = 0
    for step in range(_STEPS):
        verdicts = set()
        for number, at in enumerate(looks):
            pair = Share(int(canary[step, number]), at), Share(int(stable[step, number]), at)
            found = judge.judge(gate, [pair], at - 1)
            verdicts |= {found.verdict} if found else set()
        passed += Verdict.PASS in verdicts
        failed += Verdict.FAIL in verdicts
    return passed / _STEPS, failed / _STEPS


def _points(margin: float) -> str:
    return "1 point" if margin == 0.01 else f"{100 * margin:g} points"


def _until(looks: Iterable[int]) -> list[int]:
    return [at for at in looks if at <= _MOST_REQUESTS]


def simulated() -> str:
    return table(SIMULATION_HEAD, [simulation.cells(line) for line in simulation.LINES])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def written(name: str) -> str:
    """A table as the page has it."""
    return _parts(name)[1].strip("\n")


def _parts(name: str) -> tuple[str, str, str]:
    """The page before, in and after a table."""
    begin, end = f"<!-- {name}: made by `make judge-tables` -->\n", f"<!-- end of {name} -->"
    before, found, rest = PAGE.read_text("utf-8").partition(begin)
    content, ended, after = rest.partition(end)
    if not (found and ended):
        raise SystemExit(f"{PAGE.name}: found no table {name!r}, expected it between {begin!r} and {end!r}")
    return before + begin, content, end + after


def main() -> int:
    for name, make in (("requests", requests_needed), ("errors", errors), ("simulation", simulated)):
        before, _, after = _parts(name)
        PAGE.write_text(f"{before}{make()}\n{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
