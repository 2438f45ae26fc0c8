"""The limit: the same children from a client that does nothing else, on the same API server.

It creates them without a look at anything, so no operator can be quicker; what the API server, its store and
the controllers do for them is then all the time that passes.
"""

import time
from functools import partial

from benchmarks import operator_flux, operator_stage
from benchmarks.operator_runs import Run
from benchmarks.operator_stage import Stage


async def create(stage: Stage, run: Run) -> None:
    """The children of so many models, in namespaces of their own."""
    places = [f"limit-{index:04}" for index in range(run.models)]
    await operator_stage.namespaces(stage.cluster, places)
    jobs = [
        partial(stage.cluster.create, child, namespace=place)
        for place in places
        for child in operator_flux.children(place)
    ]
    began = time.monotonic()
    await operator_stage.each(jobs)
    run.figures["limit_s"] = time.monotonic() - began
