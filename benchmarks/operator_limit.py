"""Measures the limit: a client that only creates the same children on the same API server.

It creates them and reads nothing, so no operator can be quicker: all the time is spent by the API server,
etcd and the controllers.
"""

import time
from functools import partial

from benchmarks import operator_flux, operator_stage
from benchmarks.operator_runs import Run
from benchmarks.operator_stage import Stage


async def create(stage: Stage, run: Run) -> None:
    """Create the children of that many models, in namespaces of their own."""
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
