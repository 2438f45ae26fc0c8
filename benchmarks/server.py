"""The model server beside its peers and the limit, in one run on one machine.

One process on one core, the load generator on the other, every answer checked for correctness before
anything is timed. Figures go to standard output, one JSON line each; the page to `results/server.md`.
"""

import argparse
import contextlib
import datetime
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import server_contenders as contenders
from benchmarks import server_figures as figures
from benchmarks import server_load as load
from benchmarks import server_report as report
from benchmarks import server_runs as runs
from benchmarks.server_contenders import PEERS, ROW, Contender
from benchmarks.server_figures import Figure
from benchmarks.server_load import Running
from benchmarks.server_runs import Stage

# The best of the peers in every full run: the only one of a quick run.
BEST: Final = "kserve-v1"


def unfolded(card: dict[str, Any], folder: Path, target: Path) -> Path:
    """The same model without its folded weights, as any other scikit-learn model is served."""
    file = card["artifact"]["file"]
    (target / file).write_bytes((folder / file).read_bytes())
    name = f"model_pipeline_{card['version']}.json"
    (target / name).write_text(json.dumps(card | {"linear": None}), encoding="utf-8")
    return target


def chosen_peers(joblib: str, *, quick: bool) -> list[Contender]:
    found = []
    for peer in contenders.peers(joblib):
        if quick and peer.name != BEST:
            continue
        if contenders.is_there(peer):
            found.append(peer)
        else:
            runs.tell(f"left out: {peer.name}: not installed, {peer.command[0]} is missing")
    return found


def measure(
    mine: Sequence[Contender], peers: Sequence[Contender], expected: Sequence[float], *, quick: bool
) -> tuple[list[Figure], dict[str, str]]:
    made: list[Figure] = []
    seconds, repeats = (1, 4) if quick else (2, 7)
    with contextlib.ExitStack() as stack:
        stage = Stage(stack, expected)
        for contender in (*mine, *peers):
            stage.enter(contender)
        names = [peer.name for peer in peers if peer.name in stage.all]
        made += runs.throughput(stage, names, repeats, seconds)
        memory = {name: [stage.all[name].memory()] for name in ("fast_path", *names)}
        made += runs.latencies(stage, 3, 4)
        if not quick:
            made += runs.batches(stage, names, repeats, seconds)
            made.append(dict(runs.single_latency_beside_a_batch(stage.all["fast_path"], 8)))
            flame(stage.all["fast_path"])
        absent = stage.absent
    made.append(figures.least("server.memory", "fast_path", memory, "MB"))
    if not quick:
        started = [mine[1], *(peer for peer in peers if peer.name not in absent)]
        made.append(figures.least("server.cold_start", "fast_path", runs.starts(started, 3), "s"))
    return made, absent


def flame(target: Running) -> None:
    """Where the hot path spends its time, drawn by py-spy while it is under load."""
    spy = PEERS / "tools" / "bin" / "py-spy"
    if not spy.exists():
        runs.tell("no flame picture: py-spy is not installed")
        return
    picture = report.RESULTS / "server.flame.svg"
    drawing = subprocess.Popen(
        [spy, "record", "--pid", str(target.pid), "--duration", "5", "--rate", "400", "--output", picture],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    load.segment(target, target.contender.question, connections=runs.CONNECTIONS, seconds=6)
    drawing.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--version", default="1.4.0")
    parser.add_argument("--quick", action="store_true", help="the limit, the best peer and ours alone")
    options = parser.parse_args()
    folder: Path = options.artifacts
    card = json.loads((folder / f"model_pipeline_{options.version}.json").read_text(encoding="utf-8"))
    expected = next(one["probabilities"] for one in card["golden"] if tuple(one["input"]) == ROW)
    joblib = str((folder / card["artifact"]["file"]).resolve())
    with tempfile.TemporaryDirectory() as scratch:
        mine = contenders.ours(folder, unfolded(card, folder, Path(scratch)), options.version)
        made, absent = measure(mine, chosen_peers(joblib, quick=options.quick), expected, quick=options.quick)
    for figure in made:
        sys.stdout.write(json.dumps(figure) + "\n")
    day = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    report.write(made, absent, day, f"make bench-server{' QUICK=1' if options.quick else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
