"""Every attack for a minute on both paths, beside a victim: `make soak`. Exit code 1 after a fault."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.model_server import artifacts, processes
from tests.soak import soak
from tests.soak.attacks import ATTACKS
from tests.soak.soak import Result

PATHS = {"fast": "Auto", "reference": "Off"}
HEAD = (
    "| attack | path | connections | MB sent | MB at most | MB left "
    "| answers | median ms | slowest ms | recovery ms |\n"
    "|---|---|---|---|---|---|---|---|---|---|\n"
)


def row(result: Result, path: str) -> str:
    cells = (
        result.name,
        path,
        f"{result.connections:,}",
        f"{result.sent / 1e6:,.0f}",
        f"{result.peak / 1e6:.1f}",
        f"{result.left / 1e6:.1f}",
        f"{result.answers:,}",
        f"{result.median * 1000:.1f}",
        f"{result.slowest * 1000:.0f}",
        f"{result.recovery * 1000:.0f}",
    )
    return f"| {' | '.join(cells)} |\n"


async def run(seconds: float, names: list[str], paths: list[str]) -> bool:
    """Whether the server withstood all of them."""
    withstood = True
    sys.stdout.write(HEAD)
    for path in paths:
        with tempfile.TemporaryDirectory() as scratch:
            folder = artifacts.write(Path(scratch) / "model")
            variables = {**soak.SETTINGS, "IRIS_FAST_PATH": PATHS[path]}
            with processes.running(folder, Path(scratch), **variables) as server:
                await soak.warm(server)
                for name in names:
                    result = await soak.attacked(server, name, seconds)
                    sys.stdout.write(row(result, path))
                    sys.stdout.flush()
                    for fault in result.faults():
                        withstood = False
                        sys.stderr.write(f"{name}, {path} path: {fault}\n")
    return withstood


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for each attack (default: %(default)g)")
    parser.add_argument("--attack", choices=ATTACKS, action="append", help="this one only; may be repeated")
    parser.add_argument("--path", choices=PATHS, action="append", help="this one only")
    options = parser.parse_args()
    return (
        0
        if asyncio.run(run(options.seconds, options.attack or list(ATTACKS), options.path or list(PATHS)))
        else 1
    )


if __name__ == "__main__":
    sys.exit(main())
