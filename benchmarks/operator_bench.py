"""`make bench-operator`: measures the operator at several sizes on a real API server, beside Flux.

One JSON line per figure on standard output, progress on standard error; exit code 1 unless every goal is met.
"""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import operator_figures, operator_flux, operator_limit, operator_runs, operator_stage
from benchmarks.operator_runs import Run


async def measure(models: int, *, beside_flux: bool) -> tuple[Run, Run | None]:
    """Measure each size in a cluster of its own."""
    run, flux = Run(models), Run(models) if beside_flux else None
    with tempfile.TemporaryDirectory(prefix="iris-bench-") as folder:
        async with operator_stage.running(Path(folder)) as stage:
            async with operator_runs.fleet(stage, models) as there:
                for part in (operator_runs.live, operator_runs.rest, operator_runs.fail_over):
                    began = time.monotonic()
                    await part(there, run)
                    _say(f"{models} models: {part.__name__} took {time.monotonic() - began:.0f} s")
            _say(f"{models} models: {json.dumps(run.figures)}")
            if flux is not None:
                await operator_flux.apply(stage, flux)
                await operator_limit.create(stage, flux)
                _say(f"{models} models by Flux: {json.dumps(flux.figures)}")
    return run, flux


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, nargs="+", default=[1, 100, 1000], help="default: 1 100 1000")
    parser.add_argument(
        "--flux", type=int, default=100, help="the size at which Flux is measured; 0 skips it (default 100)"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end what was started
    runs, beside = [], None
    for models in sorted(options.models):
        run, flux = asyncio.run(measure(models, beside_flux=models == options.flux))
        runs.append(run)
        beside = flux or beside
    figures = list(operator_figures.of(runs, beside))
    for figure in figures:
        sys.stdout.write(json.dumps(figure.line()) + "\n")
    return int(any(figure.met is False for figure in figures))


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
