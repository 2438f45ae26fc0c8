"""Compares the model server with its peers and the limit, in one run on one machine.

One process on one core, the load generator on the other, every answer checked for correctness before
anything is timed. Figures go to standard output, one JSON line each; the page to `results/server.md`.
"""

import argparse
import contextlib
import datetime
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks import server_before as before
from benchmarks import server_columns as columns
from benchmarks import server_contenders as contenders
from benchmarks import server_figures as figures
from benchmarks import server_goals as goals
from benchmarks import server_keys as keys
from benchmarks import server_load as load
from benchmarks import server_report as report
from benchmarks import server_runs as runs
from benchmarks.server_contenders import PEERS, ROW, Contender
from benchmarks.server_figures import Figure
from benchmarks.server_load import Running
from benchmarks.server_runs import Stage

# The best of the peers in every full run: the only one of a quick run.
BEST: Final = "kserve-v1"
# Those that came first in a full run, and MLServer with adaptive batching.
NEAREST: Final = ("kserve-v1", "kserve-v2", "mlserver", contenders.BATCHING)
# The trees of the two columns; the linear model is the one on the command line.
TREES: Final = {"random-forest": "2.0.0", "hist-gradient-boosting": "3.0.0"}


class Effort(NamedTuple):
    """How long a segment of load takes, how many rounds of them, and how many cold starts and pairs."""

    seconds: int
    repeats: int
    columns: int  # rounds of the two columns
    starts: int
    pairs: int


QUICK: Final = Effort(seconds=1, repeats=4, columns=3, starts=0, pairs=8)
# With 3 rounds, two runs of the same code differed by a quarter on a shared host.
FULL: Final = Effort(seconds=2, repeats=4, columns=7, starts=3, pairs=60)
# Every step once, to test the benchmark before a run of an hour.
DRY: Final = Effort(seconds=1, repeats=1, columns=1, starts=1, pairs=2)


@dataclass(frozen=True, slots=True)
class Cast:
    """The contenders, the expected answers, and who was left out and why."""

    mine: Sequence[Contender]
    peers: Sequence[Contender]
    expected: Sequence[float]
    # The same for trees, by estimator.
    trees: "Mapping[str, Cast]" = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    @property
    def fast(self) -> Contender:
        return next(one for one in self.mine if one.name == "fast_path")


def cast_of(folder: Path, version: str, target: Path, *, quick: bool) -> Cast:
    """Who takes part with this release."""
    card = json.loads((folder / f"model_pipeline_{version}.json").read_text(encoding="utf-8"))
    expected = next(one["probabilities"] for one in card["golden"] if tuple(one["input"]) == ROW)
    joblib = str((folder / card["artifact"]["file"]).resolve())
    mine = contenders.ours(folder, without_data(card, folder, target), version)
    return Cast(mine, chosen_peers(joblib, quick=quick), expected)


def trained(estimator: str, version: str, folder: Path) -> Path:
    """A release with this estimator, from the classic data."""
    command = [sys.executable, "-m", "iris_training", "--estimator", estimator, "--version", version]
    subprocess.run([*command, "--output", folder], check=True, capture_output=True)
    return folder


def without_data(card: dict[str, Any], folder: Path, target: Path) -> Path:
    """The same model without weights or trees in its card, as any other scikit-learn model is served."""
    target.mkdir(parents=True)
    file = card["artifact"]["file"]
    (target / file).write_bytes((folder / file).read_bytes())
    name = f"model_pipeline_{card['version']}.json"
    (target / name).write_text(json.dumps(card | {"linear": None, "trees": None}), encoding="utf-8")
    return target


def chosen_peers(joblib: str, *, quick: bool) -> list[Contender]:
    found = []
    for peer in contenders.peers(joblib):
        if quick and peer.name != BEST:
            continue
        if contenders.is_there(peer):
            found.append(peer)
        else:
            runs.report(f"left out: {peer.name}: not installed, {peer.command[0]} is missing")
    return found


def singles(cast: Cast, effort: Effort) -> list[Figure]:
    """Single predictions: rates, latencies, and the memory of who answered them."""
    with contextlib.ExitStack() as stack:
        stage = Stage(stack, cast.expected)
        for contender in (*cast.mine, *cast.peers):
            stage.enter(contender)
        cast.absent.update(stage.absent)
        names = [peer.name for peer in cast.peers if peer.name in stage.all]
        made = runs.throughput(stage, names, effort.repeats, effort.seconds)
        memory = {name: [stage.all[name].memory()] for name in ("fast_path", *names)}
        made += runs.latencies(stage, 3, 4)
    return [*made, figures.least("server.memory", "fast_path", memory, "MB")]


def two_columns(cast: Cast, effort: Effort) -> list[Figure]:
    """The same computation, and the same model file, for three kinds of model."""
    made = []
    for model, one in {"linear": cast, **cast.trees}.items():
        mine = [own for own in one.mine if own.name in columns.COLUMNS.values()]
        peers = [peer for peer in one.peers if peer.name in NEAREST]
        found, absent = columns.measured(
            model.replace("-", "_"),
            [*mine, *peers],
            one.expected,
            repeats=effort.columns,
            seconds=effort.seconds,
            starts=effort.starts,
        )
        made += found
        cast.absent.update(absent)
    return made


def access_keys(cast: Cast, effort: Effort) -> list[Figure]:
    """What it costs to need a key: the same server with and without, on both paths."""
    return keys.measured(cast.mine, cast.expected, pairs=effort.pairs, seconds=effort.seconds)


def as_before(cast: Cast, effort: Effort) -> list[Figure]:
    """Whether the linear model is served as quickly as by the server before there were trees."""
    return before.measured(cast.mine, cast.expected, pairs=effort.pairs, seconds=effort.seconds)


def batches(cast: Cast, effort: Effort) -> list[Figure]:
    """Many rows in one request, how long other requests wait for it, and a picture of the fast path."""
    able = [one for one in (cast.fast, *cast.peers) if one.batch]
    with contextlib.ExitStack() as stack:
        stage = Stage(stack, cast.expected)
        for contender in able:
            stage.enter(contender)
        cast.absent.update(stage.absent)
        made = runs.batches(stage, list(stage.all), effort.repeats, effort.seconds)
        with load.awake(stage.all["fast_path"]) as target:
            made.append(runs.single_beside_batches(target, 10))
            flame(target)
    return made


def starts(cast: Cast, effort: Effort) -> list[Figure]:
    """Cold start: from the start of the process to its first answer."""
    taken = runs.starts([cast.fast, *cast.peers], effort.starts)
    return [figures.least("server.cold_start", "fast_path", taken, "s")]


PARTS: Final[Mapping[str, Callable[[Cast, Effort], list[Figure]]]] = {
    "columns": two_columns,
    "singles": singles,
    "batches": batches,
    "keys": access_keys,
    "before": as_before,
    "starts": starts,
}


def flame(target: Running) -> None:
    """Where the fast path spends its time, drawn by py-spy while it is under load."""
    spy = PEERS / "tools" / "bin" / "py-spy"
    if not spy.exists():
        runs.report("no flame picture: py-spy is not installed")
        return
    picture = report.RESULTS / "server.flame.svg"
    drawing = subprocess.Popen(
        [spy, "record", "--pid", str(target.pid), "--duration", "5", "--rate", "400", "--output", picture],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    load.segment(target, target.contender.question, connections=runs.CONNECTIONS, seconds=6)
    if drawing.wait() == 0:
        picture.write_text(report.still(picture.read_text(encoding="utf-8")), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--version", default="1.4.0")
    parser.add_argument("--quick", action="store_true", help="only the limit, the best peer and our server")
    parser.add_argument("--dry", action="store_true", help="run every step once; the figures are meaningless")
    parser.add_argument(
        "--part", choices=PARTS, help="only this part; the page keeps the figures of the others"
    )
    options = parser.parse_args()
    effort = QUICK if options.quick else DRY if options.dry else FULL
    # So that a SIGTERM (`timeout`) also ends the contenders.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Core 0 belongs to the contenders.
    os.sched_setaffinity(0, {1})
    folder: Path = options.artifacts
    chosen = [options.part] if options.part else ["singles"] if options.quick else list(PARTS)
    made: list[Figure] = []
    with tempfile.TemporaryDirectory() as scratch:
        room = Path(scratch)
        trees = {
            estimator: cast_of(
                trained(estimator, version, room / estimator),
                version,
                room / f"{estimator}-joblib",
                quick=options.quick,
            )
            for estimator, version in TREES.items()
            if "columns" in chosen
        }
        linear = cast_of(folder, options.version, room / "linear-joblib", quick=options.quick)
        cast = replace(linear, trees=trees)
        for part in chosen:
            for figure in map(goals.judged, PARTS[part](cast, effort)):
                sys.stdout.write(json.dumps(figure) + "\n")
                sys.stdout.flush()
                made.append(figure)
    if not options.dry:
        day = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
        command = f"make bench-server{' QUICK=1' if options.quick else ''}"
        report.write(made, report.Run(command, day, report.machine(), cast.absent), keep=bool(options.part))
        for name in goals.missed(made):
            runs.report(f"below its floor: {name}")
    return 0 if options.dry or not goals.missed(made) else 1


if __name__ == "__main__":
    sys.exit(main())
