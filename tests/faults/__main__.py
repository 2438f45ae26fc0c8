"""`make faults`: every plan (or those named), a report at the end. Exit code 1 when one failed."""

import argparse
import asyncio
import logging
import random
import shlex
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults import exchange, kill_loop, plans, scenarios, walk
from tests.faults.suite import Suite, Verdict
from tests.harness.fixtures import CRDS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from iris_local_cluster.api_server import ApiServer

logger = logging.getLogger(__name__)

_SLOWEST = 5


def main() -> None:
    arguments = _arguments()
    logging.basicConfig(level="INFO", stream=sys.stderr, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("httpx").setLevel("WARNING")
    for number in (signal.SIGINT, signal.SIGTERM):  # also in the background: no operator may be left behind
        signal.signal(number, signal.default_int_handler)
    sys.exit(asyncio.run(_run(arguments)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "--plan", action="append", default=[], help="only this plan, by its name (repeatable)"
    )
    parser.add_argument(
        "--scenario", action="append", choices=scenarios.SCENARIOS, help="only this scenario's plans"
    )
    parser.add_argument("--all", action="store_true", help="also plans that end as another one does")
    parser.add_argument("--sample", type=int, help="that many plans, drawn with the seed")
    parser.add_argument("--seed", type=int, default=1, help="of the order and of the sample")
    parser.add_argument("--lanes", type=int, default=6, help="plans at once")
    parser.add_argument("--walk", type=int, metavar="STEPS", help="instead: a walk over generated specs")
    parser.add_argument(
        "--kill-loop", type=float, metavar="SECONDS", help="instead: kill the leader in a loop"
    )
    parser.add_argument(
        "--exchange",
        type=Path,
        metavar="FOLDER",
        help="instead: take turns with this `operator` of another release",
    )
    parser.add_argument("--list", action="store_true", help="only print the names of the plans")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> int:
    wrong = await _instead(arguments)
    if wrong is not None:
        return _tell(wrong)
    named = [plans.parse(name) for name in arguments.plan]
    names = dict.fromkeys(plan.scenario for plan in named) or arguments.scenario or scenarios.SCENARIOS
    lanes = min(arguments.lanes, max(2 * len(names), len(named)))
    started = time.monotonic()
    with _server(_of_others()) as server, tempfile.TemporaryDirectory() as folder:
        async with Suite(server, Path(folder), lanes) as suite:
            found = await suite.learn(names)
            wanted = named or (found if arguments.all else plans.distinct(found))
            logger.info("%d plans of %d, from %d scenarios", len(wanted), len(found), len(suite.learned))
            random.Random(arguments.seed).shuffle(wanted)  # noqa: S311
            wanted = wanted[: arguments.sample]
            if arguments.list:
                sys.stdout.writelines(f"{plan.name}\n" for plan in sorted(wanted))
                return 0
            verdicts = await suite.run(wanted)
    return _report(verdicts, arguments.seed, time.monotonic() - started)


async def _instead(arguments: argparse.Namespace) -> list[str] | None:
    """What was wrong in what was asked for instead of plans; None: plans were asked for."""
    if not (arguments.walk or arguments.kill_loop or arguments.exchange):
        return None
    with _server(_of_others() if arguments.exchange else ()) as server, tempfile.TemporaryDirectory() as name:
        folder, seed = Path(name), arguments.seed
        if arguments.walk:
            return await walk.walk(server, folder, seed=seed, steps=arguments.walk)
        if arguments.kill_loop:
            return await kill_loop.run(server, folder, seed=seed, seconds=arguments.kill_loop)
        return await exchange.run(server, folder, other=arguments.exchange)


def _server(others: "Iterable[Path]") -> "AbstractContextManager[ApiServer]":
    from iris_local_cluster import api_server as servers  # noqa: PLC0415 - --help needs no cluster

    return servers.running(crds=[*CRDS, *others])


def _of_others() -> list[Path]:
    """The CRDs of the kinds of children that come with another product."""
    from iris_local_cluster.up import gateway_api, monitoring  # noqa: PLC0415 - --help needs no cluster

    wanted = ("httproutes", "servicemonitors", "prometheusrules")
    return [path for path in (*gateway_api.crds(), *monitoring.api()) if path.stem.endswith(wanted)]


def _tell(wrong: list[str]) -> int:
    sys.stdout.writelines(f"FAILED: {line}\n" for line in wrong or ())
    sys.stdout.write(f"{len(wrong)} wrong\n" if wrong else "passed\n")
    return 1 if wrong else 0


def _report(verdicts: list[Verdict], seed: int, seconds: float) -> int:
    failed = [verdict for verdict in verdicts if verdict.wrong]
    missed = [verdict for verdict in verdicts if not verdict.wrong and not verdict.reached]
    passed = len(verdicts) - len(failed) - len(missed)
    write = sys.stdout.write
    write(f"plans: {len(verdicts)}, passed: {passed}, failed: {len(failed)}, not reached: {len(missed)}, ")
    write(f"seed: {seed}, {seconds:.0f} s\n")
    for verdict in sorted(verdicts, key=lambda one: -one.seconds)[:_SLOWEST]:
        write(f"slowest: {verdict.seconds:.1f} s {verdict.plan.name}\n")
    for verdict in missed:
        write(f"not reached: {verdict.plan.name}\n")
    for verdict in failed:
        write(f"FAILED: {verdict.plan.name}\n")
        for line in verdict.wrong:
            write(f"    {line}\n")
        write(f"    again: .venv/bin/python -m tests.faults --plan {shlex.quote(verdict.plan.name)}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    main()
