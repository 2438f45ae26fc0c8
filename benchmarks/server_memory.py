"""Memory over ten million requests: the resident size before, in between and after, by hand.

`python -m benchmarks.server_memory`; takes three to ten minutes and says at the end how much it grew.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Final

from benchmarks import server_contenders as contenders
from benchmarks import server_load as load
from benchmarks.server_contenders import FLOWER, INFER, PREDICT, Question
from benchmarks.server_load import Running

SECONDS: Final = 10
# What a server has seen before its size counts.
WARM: Final = 200_000
# Both hot routes in turn, and one that the reference answers.
QUESTIONS: Final = (
    Question(PREDICT, FLOWER),
    Question(INFER, contenders.tensor(1)),
    Question("/v1/models/iris:predict", contenders.instances(1)),
    Question(PREDICT, FLOWER),
)


def asked(target: Running, question: Question) -> int:
    """How many good answers came in one stretch."""
    with load.wrk(target, question, connections=32, seconds=SECONDS) as generator:
        output, _ = generator.communicate()
    found = re.search(r"(\d+) requests in", output)
    if found is None or "Non-2xx" in output or "Socket errors" in output:
        raise RuntimeError(f"{question.path}: {output}, expected only good answers")
    return int(found[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--version", default="1.4.0")
    parser.add_argument("--requests", type=int, default=10_000_000)
    options = parser.parse_args()
    ours = contenders.ours(options.artifacts, options.artifacts, options.version)
    fast = next(one for one in ours if one.name == "fast_path")
    with load.running(fast) as target:
        done, first = 0, 0.0
        while done < options.requests + WARM:
            for question in QUESTIONS:
                done += asked(target, question)
            size = target.memory()
            if not first and done >= WARM:
                first = size
            sys.stderr.write(f"{done:,} requests, {size:.1f} MB\n")
        figure = {"figure": "server.memory_growth", "value": round(target.memory() - first, 2), "unit": "MB"}
    sys.stdout.write(json.dumps(figure | {"requests": done, "from": round(first, 1)}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
