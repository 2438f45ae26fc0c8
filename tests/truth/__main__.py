"""`make truth`: compares Ready with the answers that a client outside the cluster gets.

Exit code 1 when a client that had seen Ready=True got an answer of another version, or lost a request.
It runs on the cluster of `make up`, on a model of its own that it deletes at the end. Progress goes to
standard error, the result to standard output. The same seed makes the same changes.
"""

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Final

from iris_local_cluster import detect
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.kubectl import Kubectl
from iris_local_cluster.up import environment
from iris_local_cluster.up.run import FIRST, SECOND

from tests.truth import changes, declaration, run, timeline, verdict
from tests.truth.run import Run
from tests.truth.timeline import Entry
from tests.truth.verdict import Outcome

_SHOWN: Final = 20


def main() -> int:
    options = _options()
    cluster = detect.cluster(options.name)
    if not cluster.running():
        sys.stderr.write(f"truth: found no running cluster {options.name}, expected one: make up\n")
        return 2
    kubectl = Kubectl(environment.kubeconfig(options.name))
    making = Run(kubectl, cluster.ingress, options.rate, strategy=options.strategy, note=_note)
    drawn = changes.draw(options.seed, options.changes, (FIRST, SECOND), options.only or changes.KINDS)
    code = 0
    _note(f"{options.changes} changes, seed {options.seed}, {options.rate:g} requests/s, {options.strategy}")
    try:
        asyncio.run(making.make(FIRST, drawn))
    except KeyboardInterrupt:
        _note("stopped")
        code = 130
    except LocalClusterError as error:
        _note(f"truth: {error}")
        code = 2
    finally:
        run.delete(kubectl)
    outcome = verdict.judge(making.observed.answers, making.observed.declared, making.observed.shares)
    sys.stdout.write(report(outcome, options.seed, making.observed.timeline))
    return code or int(not outcome.good)


def report(outcome: Outcome, seed: int, entries: Sequence[Entry] = ()) -> str:
    settled = f"{outcome.judged} began after Ready=True and ended before the next change"
    lines = [
        f"seed {seed}: {outcome.requests} requests, {len(outcome.lost)} lost",
        f"{settled}: {len(outcome.wrong)} were answered by another version",
    ]
    if outcome.margins:
        least, median = min(outcome.margins), statistics.median(outcome.margins)
        lines.append(
            f"the last answer of another version came {least:.2f} s before Ready=True at the latest, "
            f"{median:.2f} s in the median of {len(outcome.margins)} rollouts"
        )
    for name, seconds in sorted(outcome.to_ready.items()):
        lines.append(
            f"{name}: Ready after {statistics.median(seconds):.1f} s in the median of {len(seconds)}"
        )
    lines += [
        f"{split.share.percent} % declared for {split.share.version}: {split.percent:.1f} % of "
        f"{split.requests} requests{'' if split.good else ', too far off'}"
        for split in outcome.splits
    ]
    lines += outcome.wrong[:_SHOWN]
    for each in outcome.lost[:_SHOWN]:
        lines.append(f"lost at {_clock(each.began)} after {each.ended - each.began:.2f} s: {each.failure}")
        lines += [f"    {line}" for line in timeline.around(entries, each.began, each.ended)]
    return "".join(f"{line}\n" for line in lines)


def _clock(moment: float) -> str:
    """Of time.monotonic(), as logs of the cluster write it."""
    return time.strftime("%H:%M:%S", time.gmtime(time.time() - time.monotonic() + moment))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.truth",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--changes", type=int, default=100, help="number of changes (default 100)")
    parser.add_argument(
        "--seed",
        type=int,
        default=random.randrange(10_000),  # noqa: S311
        help="of the changes (default: a random one)",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=changes.KINDS,
        help="only changes of this kind; may come more than once (default: all kinds)",
    )
    parser.add_argument(
        "--strategy",
        choices=declaration.STRATEGIES,
        default=declaration.IMMEDIATE,
        help="how one version replaces another (default %(default)s)",
    )
    parser.add_argument("--rate", type=float, default=20, help="requests per second (default 20)")
    parser.add_argument(
        "--name", default=environment.DEFAULT_NAME, help="of the local cluster (default %(default)s)"
    )
    return parser.parse_args()


def _note(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
