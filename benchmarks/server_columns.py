"""Two columns for a linear model and two kinds of trees: the same computation, and the same model file.

*Same computation*: everybody calls scikit-learn, this server too. *Same file*: each server does its best
with one release; this server reads the model as data. Both columns come from the same rounds.
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks import server_figures as figures
from benchmarks import server_runs as runs
from benchmarks.server_contenders import Contender
from benchmarks.server_figures import Figure
from benchmarks.server_runs import Stage

# Which of this server's contenders competes in which column; the stricter first.
COLUMNS: Final[Mapping[str, str]] = {"same_computation": "any_model", "same_file": "fast_path"}
CONNECTIONS: Final = (1, 32)


def measured(
    model: str,
    contenders: Sequence[Contender],
    expected: Sequence[float],
    *,
    repeats: int,
    seconds: int,
    starts: int,
) -> tuple[list[Figure], Mapping[str, str]]:
    """The figures of one model, and who was left out and why."""
    made: list[Figure] = []
    with contextlib.ExitStack() as stack:
        stage = Stage(stack, expected)
        for contender in contenders:
            stage.enter(contender)
        peers = [name for name in stage.all if name not in COLUMNS.values()]
        for connections in CONNECTIONS:
            rounds = stage.rounds(
                list(stage.all),
                lambda contender: contender.question,
                repeats,
                connections=connections,
                seconds=seconds,
            )
            made += [
                figures.rate(f"{column}.{model}_{connections}", name, rounds, peers)
                | {f"times_{peer}": figures.ratio(figures.quiet(rounds), name, peer) for peer in peers}
                for column, name in COLUMNS.items()
            ]
        made += _costs(model, stage, peers, starts)
    return made, stage.absent


def _costs(model: str, stage: Stage, peers: Sequence[str], starts: int) -> list[Figure]:
    """Memory after that load, and the time from the start of the process to its first answer.

    This server starts once more for each of `starts`: one start of half a second is easily disturbed.
    """
    if not peers:
        return []
    mine = stage.all["fast_path"]
    memory = {name: [stage.all[name].memory()] for name in (mine.contender.name, *peers)}
    again = runs.starts([mine.contender], starts).get(mine.contender.name, [])
    taken = {mine.contender.name: [mine.seconds, *again]} | {
        name: [stage.all[name].seconds] for name in peers
    }
    return [
        figures.least(f"same_file.{model}_memory", "fast_path", memory, "MB"),
        figures.least(f"same_file.{model}_cold_start", "fast_path", taken, "s"),
    ]
