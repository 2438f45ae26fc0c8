"""`iris-operator`: wires the engine to Kopf and runs both until a signal, or until either ends."""

import argparse
import asyncio
import gc
import logging
import os
import sys
import threading
import time
from typing import Final

import uvloop

from iris_operator import cluster, errors
from iris_operator.observe.proof import Prover
from iris_operator.runtime import handlers, health
from iris_operator.runtime import settings as setting
from iris_operator.runtime.engine import Engine

logger = logging.getLogger(__name__)

# An ordinary shutdown takes up to 7 s: Kopf waits 5 s for tasks that it did not start.
_END_SECONDS: Final = 15.0


def main() -> None:
    """Run the operator. Exit codes: 0 after a signal, 1 after an unexpected end, 2 for a wrong setting."""
    argparse.ArgumentParser(
        prog="iris-operator",
        description="Watches IrisModel objects and makes the cluster serve what they declare.",
        epilog="All settings are environment variables, IRIS_OPERATOR_*: see docs/reference/settings.md.",
    ).parse_args()
    try:
        settings = setting.read()
    except setting.SettingError as error:
        sys.exit(_refuse(str(error)))
    _log(settings.log_level)
    _collect_less_often()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run(settings))
    except (OSError, errors.Unsupported) as error:
        sys.exit(_refuse(str(error)))


async def run(settings: setting.Settings) -> None:
    """Run the whole operator until a signal."""
    async with await cluster.connect(settings.kubeconfig) as api, Prover(time.monotonic) as prover:
        engine = Engine(settings, api, prover)
        probes = await health.serve(
            settings.health_host, settings.health_port, dead=engine.dead, unready=engine.unready
        )
        stop = asyncio.Event()
        running = asyncio.create_task(engine.run())
        running.add_done_callback(lambda _: stop.set())
        running.add_done_callback(lambda _: end_within(_END_SECONDS))

        async def end() -> None:
            if not running.cancelling():
                running.cancel()
            await asyncio.wait([running])

        try:
            await handlers.pump(engine, settings.namespaces, stop, end)
        except errors.WatchBroken as broken:
            logger.critical("%s: exiting, a restart is the cure", broken)
            end_within(_END_SECONDS)
            await end()  # releases the lease
            os._exit(1)
        finally:
            await end()
            await probes.cleanup()
        if not running.cancelled():
            running.result()  # raises the exception that ended the engine


def end_within(seconds: float) -> None:
    """Without the engine nothing is done here, and Kopf may wait for ever for a watcher that it cancelled."""

    def end() -> None:
        logger.critical("still running %g s after the work ended: exiting at once", seconds)
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


def _collect_less_often() -> None:
    """Leave the imported modules out of garbage collection, and run it less often.

    It took a twentieth of the CPU: it visited every object of the imports, which are never freed, and
    visited objects of the API server several times while they were decoded.
    """
    gc.freeze()
    gc.set_threshold(10_000)


def _log(level: str) -> None:
    logging.basicConfig(
        level=level,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S%z",
    )


def _refuse(message: str) -> int:
    sys.stderr.write(f"iris-operator: {message}\n")
    return 2


if __name__ == "__main__":
    main()
