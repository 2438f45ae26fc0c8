"""The linear paths beside those of an older server, in pairs: one machine, environment, model and load."""

import contextlib
import io
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks import server_figures as figures
from benchmarks import server_pairs as pairing
from benchmarks import server_runs as runs
from benchmarks.server_contenders import HERE, Contender
from benchmarks.server_figures import Figure
from benchmarks.server_runs import Stage

# The newest commit whose server has only linear models as data.
COMMIT: Final = "6cbcb45"
PATHS: Final = ("fast_path", "reference")
BATCH: Final = 100


def measured(
    ours: Sequence[Contender], expected: Sequence[float], *, pairs: int, seconds: int
) -> list[Figure]:
    """The rate of each path and of a batch, as a part of that before; nothing without that commit."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if not unpacked(folder):
            runs.report(f"left out: before: git has no commit {COMMIT}, as in a shallow clone")
            return []
        stage = Stage(stack, expected)
        for contender in ours:
            if contender.name in PATHS:
                stage.enter(contender)
                stage.enter(former(contender, folder))
        couples = [(path, _before(path)) for path in PATHS]
        times = {"pairs": pairs, "seconds": seconds}
        single = pairing.measured(
            stage, couples, lambda one: one.question, connections=runs.CONNECTIONS, **times
        )
        batches = pairing.measured(
            stage, couples[:1], lambda one: one.asked_for(BATCH), connections=4, **times
        )
    return [
        *(figures.part(f"before.{path}", path, _before(path), single) for path in PATHS),
        figures.part(f"before.batch_{BATCH}", PATHS[0], _before(PATHS[0]), batches),
    ]


def unpacked(folder: Path) -> bool:
    """The older server's code is in the folder; False if git does not have it."""
    archive = ["git", "-C", str(HERE.parent), "archive", "--format=tar", f"{COMMIT}:model_server"]
    packed = subprocess.run(archive, capture_output=True, check=False)
    if packed.returncode == 0:
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
            files.extractall(folder, filter="data")
    return packed.returncode == 0


def former(contender: Contender, folder: Path) -> Contender:
    """The same contender with the older code, which Python finds first, and which has no binary tensors."""
    return replace(
        contender,
        name=_before(contender.name),
        binary=False,
        environment={**contender.environment, "PYTHONPATH": str(folder)},
    )


def _before(path: str) -> str:
    return f"{path}_before"
