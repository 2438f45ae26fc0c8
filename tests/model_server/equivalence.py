"""Both paths get the same bytes; whatever a client, a metric or the log could tell of them must be equal.

A big run: `python -m tests.model_server.equivalence --inputs 1000000 --seed 1`.
"""

import argparse
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
from iris_model_server import app, artifact, rehearsal
from iris_model_server.rehearsal import Line
from iris_model_server.settings import Settings

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

    def __init__(self, folder: Path, *, fast: bool) -> None:
        self.settings = Settings(artifact_dir=folder, max_body_bytes=20_000, max_head_bytes=4096)
        self.sink = io.BytesIO()
        self.server = app.create_app(self.settings, artifact.load(folder), self.sink)
        self.configuration = rehearsal.configuration(self.server)
        self.kind = (
            rehearsal.quick(self.settings, self.server) if fast else rehearsal.reference(self.settings)
        )

    async def see(self, given: Input) -> Seen:
        line = Line(self.configuration, self.kind)
        for piece in given.pieces:
            # As a real transport: closed or paused, it gives no more.
            if not line.wire.closed and line.wire.reading:
                await line.say(piece)
        idle = not line.protocol._is_answering()
        closed, reading, answered = line.wire.closed, line.wire.reading, line.state.total_requests
        line.hang_up()
        await line.settle()
        self.server.log.flush()
        told = [json.loads(entry) for entry in self.sink.getvalue().splitlines()]
        self.sink.seek(0)
        self.sink.truncate()
        for entry in told:
            del entry["time"], entry["milliseconds"]
            entry["request_id"] = MADE.sub(b"made", entry["request_id"].encode()).decode()
        written = MADE.sub(b"made", bytes(line.wire.written))
        state = None if closed else (idle, answered)
        return Seen(written, closed, closed or reading, state, told)

    def metrics(self) -> str:
        text = self.server.hot.surroundings.metrics.exposition("")[0].decode()
        return PROCESS.sub("", TIMED.sub("", text))


class Comparison:
    """The two paths side by side."""

    def __init__(self, folder: Path) -> None:
        self.fast, self.reference = Way(folder, fast=True), Way(folder, fast=False)

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


async def run(inputs: int, seed: int, folder: Path) -> str | None:
    """The first difference among so many inputs."""
    comparison = Comparison(artifacts.write(folder))
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
    options = parser.parse_args()
    # What is refused is told to nobody here.
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        difference = uvloop.run(run(options.inputs, options.seed, Path(folder) / "model"))
    sys.stdout.write(
        json.dumps({"inputs": options.inputs, "seed": options.seed, "difference": difference}) + "\n"
    )
    return 0 if difference is None else 1


if __name__ == "__main__":
    sys.exit(main())
