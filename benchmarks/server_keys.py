"""What access keys cost: this server with a list of clients and without one, both at once in each round."""

import contextlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from iris_api import keys

from benchmarks import server_figures as figures
from benchmarks import server_pairs as pairing
from benchmarks import server_runs as runs
from benchmarks.server_contenders import Contender
from benchmarks.server_figures import Figure
from benchmarks.server_runs import Stage

PATHS: Final = ("fast_path", "reference")
# As many as a list may have, with the rate that takes one more step; nobody reaches it.
_CLIENTS: Final = 32
_RATE: Final = 1_000_000


def measured(
    ours: Sequence[Contender], expected: Sequence[float], *, pairs: int, seconds: int
) -> list[Figure]:
    """The rate with keys, as a part of that without, on both paths."""
    with contextlib.ExitStack() as stack:
        listed = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "clients.json"
        key = write(listed)
        stage = Stage(stack, expected)
        for contender in ours:
            if contender.name in PATHS:
                stage.enter(contender)
                stage.enter(closed(contender, listed, key))
        rounds = pairing.measured(
            stage,
            [(_with_keys(path), path) for path in PATHS],
            lambda one: one.question,
            connections=runs.CONNECTIONS,
            pairs=pairs,
            seconds=seconds,
        )
    return [figures.part(f"keys.{path}", _with_keys(path), path, rounds) for path in PATHS]


def write(listed: Path) -> str:
    """A full list of clients; the key of the last of them."""
    made = [keys.make(bytes([number]) * keys.RANDOM_BYTES) for number in range(_CLIENTS)]
    entries = [
        {"name": f"client-{number}", "sha256": keys.digest(key), "requestsPerSecond": _RATE}
        for number, key in enumerate(made)
    ]
    listed.write_text(json.dumps(entries), encoding="utf-8")
    return made[-1]


def closed(contender: Contender, listed: Path, key: str) -> Contender:
    """The same server where every request needs a key."""
    return replace(
        contender,
        name=_with_keys(contender.name),
        question=replace(contender.question, key=key),
        environment={**contender.environment, "IRIS_ACCESS_FILE": str(listed)},
    )


def _with_keys(path: str) -> str:
    return f"{path}_with_keys"
