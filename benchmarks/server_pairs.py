"""Compares two servers of our own, both at once on one core, so that the machine's noise hits both.

One after the other, the same server gave 29,000 and 57,000 requests a second within minutes. At once, a
server beside itself gives 0.997 (0.990 to 1.004) in twelve pairs.
"""

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks import server_load as load
from benchmarks import server_runs as runs
from benchmarks.server_contenders import Contender, Question
from benchmarks.server_load import Running, Segment
from benchmarks.server_runs import Stage

_NANOSECONDS: Final = 1e9


def measured(
    stage: Stage,
    couples: Sequence[tuple[str, str]],
    question: Callable[[Contender], Question],
    *,
    connections: int,
    pairs: int,
    seconds: int,
) -> list[Mapping[str, Segment]]:
    """In each round both servers of a couple run at once; rates are per second of their processor time."""
    made: list[Mapping[str, Segment]] = []
    for number in range(pairs):
        one: dict[str, Segment] = {}
        for couple in couples:
            # The server that gets its load first runs alone for a moment, so they take turns.
            order = couple if number % 2 else couple[::-1]
            targets = [stage.all[name] for name in order]
            one |= _together(targets, question, connections, seconds)
        made.append(one)
        runs.report(f"{ {name: round(segment.rate) for name, segment in one.items()} }")
    return made


def _together(
    targets: Sequence[Running], question: Callable[[Contender], Question], connections: int, seconds: int
) -> dict[str, Segment]:
    with contextlib.ExitStack() as stack:
        for target in targets:
            stack.enter_context(load.awake(target))
            # What came due while it slept is done before it counts.
            load.ask(target.url, question(target.contender))
        before = [processor_seconds(target) for target in targets]
        loads = [
            stack.enter_context(load.wrk(target, question(target.contender), connections, seconds))
            for target in targets
        ]
        printed = [one.communicate()[0] for one in loads]
        used = [processor_seconds(target) - start for target, start in zip(targets, before, strict=True)]
    return {
        target.contender.name: Segment(_answers(target, text) / seconds_used, foreign=0.0)
        for target, text, seconds_used in zip(targets, printed, used, strict=True)
    }


def processor_seconds(target: Running) -> float:
    """The processor time that its running threads have used so far."""
    spent = 0
    for pid in load.members(target.mark):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError):
                spent += int((thread / "schedstat").read_text().split()[0])
    return spent / _NANOSECONDS


def _answers(target: Running, printed: str) -> int:
    found = re.search(r"(\d+) requests in", printed)
    if found is None or load.BAD.search(printed):
        raise RuntimeError(f"{target.contender.name}: {printed}, expected only good answers")
    return int(found[1])
