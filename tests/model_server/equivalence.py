"""Both paths get the same bytes; whatever a client, a metric or the log could tell of them must be equal.

A big run: `python -m tests.model_server.equivalence --inputs 1000000 --seed 1`; with `--unfolded`
for a model that does not fold, and that fails for some flowers.
"""

import argparse
import asyncio
import io
import json
import logging
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import uvloop
from iris_model_server import app
from iris_model_server.fastpath import selfcheck
from iris_model_server.fastpath.selfcheck import Line
from iris_model_server.model import artifact
from iris_model_server.settings import Settings
from iris_model_server.wire import protocol
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from tests.model_server import artifacts, wire_inputs
from tests.model_server.wire_inputs import Input

TIMED = re.compile(r"^\w+_seconds_(bucket|sum).*\n", re.MULTILINE)
PROCESS = re.compile(r"^(process|python)_.*\n", re.MULTILINE)
# A refusal of broken bytes has an id of its own making.
MADE = re.compile(rb"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Seen:
    """What one path did with one connection."""

    written: bytes
    closed: bool
    reading: bool
    # How far it is with its requests: idle or not, how many answered. A closed connection has no state.
    state: tuple[bool, int] | None
    log: list[dict[str, Any]]


class Way:
    """One way of answering, with its own app."""

    def __init__(self, folder: Path, *, fast: bool, access_file: Path | None = None) -> None:
        self.settings = Settings(
            artifact_dir=folder, max_body_bytes=20_000, max_head_bytes=4096, access_file=access_file
        )
        self.sink = io.BytesIO()
        self.server = app.create_app(self.settings, artifact.load(folder), self.sink)
        self.configuration = selfcheck.configuration(self.server)
        self.kind = selfcheck.quick(self.settings, self.server) if fast else protocol.limited(self.settings)

    async def see(self, given: Input) -> Seen:
        line = Line(self.configuration, self.kind)
        for chunk in given.chunks:
            # As a real transport: closed or paused, it gives no more.
            if not line.wire.closed and line.wire.reading:
                await line.say(chunk)
                await self._settle(line)
        await self._settle(line)
        idle = not line.protocol.is_answering()
        closed, reading, answered = line.wire.closed, line.wire.reading, line.state.total_requests
        line.hang_up()
        await self._settle(line)
        self.server.log.flush()
        logged = [json.loads(entry) for entry in self.sink.getvalue().splitlines()]
        self.sink.seek(0)
        self.sink.truncate()
        for entry in logged:
            del entry["time"], entry["milliseconds"]
            entry["request_id"] = MADE.sub(b"made", entry["request_id"].encode()).decode()
        written = MADE.sub(b"made", bytes(line.wire.written))
        state = None if closed else (idle, answered)
        return Seen(written, closed, closed or reading, state, logged)

    async def _settle(self, line: Line) -> None:
        """Until nothing more will happen by itself; the model may be at work in a thread."""
        batcher = self.server.serving.loaded().batcher
        await line.settle()
        while batcher is not None and batcher.busy:
            await asyncio.sleep(0)
            # An answer may have let the next request of the line begin.
            await line.settle()

    def metrics(self) -> str:
        text = self.server.context.metrics.exposition("")[0].decode()
        return PROCESS.sub("", TIMED.sub("", text))


class Comparison:
    """The two paths side by side."""

    def __init__(self, folder: Path, access_file: Path | None = None) -> None:
        self.fast = Way(folder, fast=True, access_file=access_file)
        self.reference = Way(folder, fast=False, access_file=access_file)

    async def compare(self, given: Input) -> str | None:
        """What differs, or None."""
        found, expected = await self.fast.see(given), await self.reference.see(given)
        differing = [
            f"{name}: {getattr(found, name)!r}, reference {getattr(expected, name)!r}"
            for name in Seen.__dataclass_fields__
            if getattr(found, name) != getattr(expected, name)
        ]
        return f"{given}: {'; '.join(differing)}" if differing else None

    def compare_metrics(self) -> str | None:
        found, expected = self.fast.metrics(), self.reference.metrics()
        return None if found == expected else f"metrics\nfast:\n{found}\nreference:\n{expected}"


def refuse_wide(rows: Any) -> Any:
    """A model's first step that fails for some flowers."""
    if max(row[-1] for row in rows) > 50:
        raise ValueError("a petal as wide as that")
    return rows


def write_unfolded(folder: Path) -> Path:
    """A model that is called for many requests together, and sometimes fails."""
    steps = (FunctionTransformer(refuse_wide), StandardScaler(), LogisticRegression())
    pipeline = make_pipeline(*steps).fit(*load_iris(return_X_y=True))
    golden = [
        {"input": row, "probabilities": pipeline.predict_proba([row])[0].tolist()}
        for row in (one["input"] for one in artifacts.GOLDEN)
    ]
    return artifacts.write(folder, content=artifacts.pickled(pipeline), linear=None, golden=golden)


async def run(inputs: int, seed: int, folder: Path, *, unfolded: bool = False) -> str | None:
    """The first difference among so many inputs."""
    comparison = Comparison(write_unfolded(folder) if unfolded else artifacts.write(folder))
    random = Random(seed)  # noqa: S311  # to repeat a run, not to keep a secret
    start = time.monotonic()
    for number in count(1):
        if number > inputs:
            return comparison.compare_metrics()
        difference = await comparison.compare(wire_inputs.one(random))
        if difference is None and number % 1000 == 0:
            difference = comparison.compare_metrics()
        if number % 10_000 == 0:
            sys.stderr.write(f"{number} inputs, {number / (time.monotonic() - start):.0f}/s\n")
        if difference is not None:
            return f"input {number}: {difference}"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unfolded", action="store_true", help="with a model that does not fold")
    options = parser.parse_args()
    # Nobody reads the log of refusals here.
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        made = run(options.inputs, options.seed, Path(folder) / "model", unfolded=options.unfolded)
        difference = uvloop.run(made)
    sys.stdout.write(json.dumps(vars(options) | {"difference": difference}) + "\n")
    return 0 if difference is None else 1


if __name__ == "__main__":
    sys.exit(main())
