"""What is measured, a function for each kind of figure. A round is one segment of each contender."""

import contextlib
import re
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from operator import methodcaller
from typing import Final

import uvloop

from benchmarks import server_figures as figures
from benchmarks import server_load as load
from benchmarks.server_contenders import LIMIT, Contender, Question
from benchmarks.server_figures import Figure
from benchmarks.server_load import Running, Segment

CONNECTIONS: Final = 32
# Then the quietest rounds so far must do.
MOST_ROUNDS: Final = 2
# Figure, how a contender is asked, and rows.
BATCHES: Final = (
    ("server.batch_100", "asked_for", 100),
    ("server.batch_10000", "asked_for", 10_000),
    ("server.binary_batch_10000", "asked_in_binary", 10_000),
)


def report(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


class Stage:
    """Contenders that run and have answered rightly."""

    def __init__(self, stack: contextlib.ExitStack, expected: Sequence[float]) -> None:
        self._stack = stack
        self._expected = expected
        self.all: dict[str, Running] = {}
        self.absent: dict[str, str] = {}

    def enter(self, contender: Contender) -> None:
        """Start it and compare its answer; a peer that cannot start is named and left out."""
        try:
            target = self._stack.enter_context(load.running(contender))
        except (OSError, RuntimeError) as error:
            self.absent[contender.name] = str(error)
            report(f"left out: {error}")
            return
        self._verify(target, contender.question)
        if contender.binary:
            self._verify(target, contender.asked_in_binary(1))
        self.all[contender.name] = target
        report(f"{contender.name}: answers rightly after {target.seconds:.1f} s")

    def _verify(self, target: Running, question: Question) -> None:
        with load.awake(target):
            load.verify(target.contender.name, load.ask(target.url, question), self._expected)

    def rounds(
        self, names: Sequence[str], question: Callable[[Contender], Question], repeats: int, **how: int
    ) -> list[Mapping[str, Segment]]:
        """Until as many were quiet, or there have been several times as many."""
        made: list[Mapping[str, Segment]] = []
        while len(made) < repeats or (
            len(made) < MOST_ROUNDS * repeats and len(figures.undisturbed(made)) < repeats
        ):
            one = {}
            for name in names:
                with load.awake(self.all[name]) as target:
                    asked = question(target.contender)
                    # What came due while it slept is done before it counts.
                    load.ask(target.url, asked)
                    one[name] = load.segment(target, asked, **how)
            made.append(one)
            report(f"{ {name: round(segment.rate) for name, segment in one.items()} }")
        return made


def throughput(stage: Stage, peers: Sequence[str], repeats: int, seconds: int) -> list[Figure]:
    """Single predictions at 32 connections, and of any model also at one."""
    mine = [name for name in (LIMIT, "fast_path", "reference", "any_model") if name in stage.all]
    everybody = stage.rounds(
        [*mine, *peers], lambda one: one.question, repeats, connections=CONNECTIONS, seconds=seconds
    )
    made = [figures.rate(f"server.{name}", name, everybody, peers) for name in mine if name != LIMIT]
    made += [figures.rate(f"peer.{name}", name, everybody, ()) for name in (LIMIT, *peers)]
    best = made[0].get("best_peer")
    if best is not None and "any_model" in stage.all:
        alone = stage.rounds(
            ["any_model", best], lambda one: one.question, repeats, connections=1, seconds=seconds
        )
        made.append(figures.rate("server.any_model_alone", "any_model", alone, [best]))
    return made


def batches(stage: Stage, names: Sequence[str], repeats: int, seconds: int) -> list[Figure]:
    """V2 flat in ours, the first; rows per second. Values are segments with their rate in rows."""
    made = []
    for figure, asked, rows in BATCHES:
        found = stage.rounds(names, methodcaller(asked, rows), repeats, connections=4, seconds=seconds)
        counted = [
            {name: Segment(segment.rate * rows, segment.foreign) for name, segment in one.items()}
            for one in found
        ]
        made.append(
            figures.rate(figure, names[0], counted, names[1:], "rows/s")
            | {f"times_{name}": figures.ratio(counted, names[0], name) for name in names[1:]}
        )
    return made


def latencies(stage: Stage, repeats: int, seconds: int) -> list[Figure]:
    """At 500 requests a second, beside the constant answer."""
    found: dict[str, dict[str, list[float]]] = {"p50": {}, "p99": {}}
    for _ in range(repeats):
        for name in ("fast_path", LIMIT):
            with load.awake(stage.all[name]) as target:
                taken = uvloop.run(load.open_loop(target, target.contender.question, 500, seconds))
            cuts = statistics.quantiles(taken, n=100)
            found["p50"].setdefault(name, []).append(cuts[49] * 1000)
            found["p99"].setdefault(name, []).append(cuts[98] * 1000)
    return [
        figures.least(f"server.{cut}_at_500", "fast_path", by_name, "ms", key="limit")
        for cut, by_name in found.items()
    ]


def starts(contenders: Sequence[Contender], repeats: int) -> dict[str, list[float]]:
    """Seconds from the start of the process to its first answer."""
    found: dict[str, list[float]] = {}
    for _ in range(repeats):
        for contender in contenders:
            try:
                with load.running(contender) as target:
                    found.setdefault(contender.name, []).append(target.seconds)
            except (OSError, RuntimeError) as error:
                report(f"one start less: {error}")
    return found


def single_beside_batches(target: Running, seconds: int) -> Figure:
    """p99 of single predictions at 200 a second, while batches of 100,000 rows come one after the other."""
    with load.wrk(target, target.contender.asked_for(100_000), connections=1, seconds=seconds + 2) as batches:
        taken = load.paced(target, target.contender.question, 200, seconds)
        printed, _ = batches.communicate()
    done = re.search(r"(\d+) requests in", printed)
    p99 = statistics.quantiles(taken, n=100)[98] * 1000
    return {
        "figure": "server.single_p99_beside_batch",
        "value": round(p99, 2),
        "unit": "ms",
        "batches": int(done[1]) if done else 0,
    }
