"""Runs the life of many models: created, repaired, changed, at rest, taken over by another replica."""

import asyncio
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
from iris_api import readiness

from benchmarks import operator_cost, operator_stage
from benchmarks.operator_stage import MODEL, Stage
from benchmarks.operator_watching import Watching
from tests.harness import operator_process
from tests.harness.kubernetes import Manifest, eventually
from tests.harness.operator_process import OperatorProcess

_PATIENCE: Final = 900.0
_SAMPLES: Final = 100
_FEWEST_SAMPLES: Final = 10
_SWEEP_SECONDS: Final = 20
_CALM_SECONDS: Final = 3.0
_PROGRAMS: Final = Path(sys.executable).parent
# One model of so many gets a new version by a rollout, all of these at once.
_ROLLOUTS: Final = 10
_WATCHED: Final = ("IrisModel", "Service", "Deployment", "Ingress")
_PASSES: Final = "controller_runtime_reconcile_total"
_LEASE: Final = {"IRIS_OPERATOR_LEASE_NAMESPACE": "default"}


@dataclass(slots=True)
class Run:
    """The measurements at one number of models; seconds unless the name says otherwise."""

    models: int
    figures: dict[str, float] = field(default_factory=dict)
    samples: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fleet:
    """The namespaces with one model each, and watches of what is in them."""

    stage: Stage
    namespaces: Sequence[str]
    models: Watching
    services: Watching
    deployments: Watching
    ingresses: Watching  # the last child of a model

    def applied(self) -> bool:
        """Whether every model has all its children."""
        return all((place, MODEL) in self.ingresses.seen for place in self.namespaces)

    def serving(self, version: str, places: Sequence[str] = ()) -> bool:
        """Whether every model, or every one of these places, reports the declared version as serving."""
        wanted = places or self.namespaces
        return all(_serves(self.models.seen.get((place, MODEL)), version) for place in wanted)

    async def declare(self, place: str, version: str, **spec: Any) -> None:
        declared = {"version": version, "route": {"host": f"{place}.test"}, **spec}
        manifest = {
            "apiVersion": "serving.two.inc/v1alpha1",
            "kind": "IrisModel",
            "metadata": {"name": MODEL},
            "spec": declared,
        }
        await self.stage.cluster.apply(manifest, namespace=place)


@contextlib.asynccontextmanager
async def fleet(stage: Stage, size: int) -> AsyncIterator[Fleet]:
    """Create `size` empty namespaces, and watch what will be in them."""
    namespaces = [f"bench-{index:04}" for index in range(size)]
    await operator_stage.namespaces(stage.cluster, namespaces)
    paths = {kind: await stage.cluster.path(kind) for kind in _WATCHED}
    everywhere = {kind: path.replace("/namespaces/default", "") for kind, path in paths.items()}
    async with (
        Watching(stage.cluster, everywhere["IrisModel"], metadata_only=False) as models,
        Watching(stage.cluster, everywhere["Service"]) as services,
        Watching(stage.cluster, everywhere["Deployment"]) as deployments,
        Watching(stage.cluster, everywhere["Ingress"]) as ingresses,
    ):
        yield Fleet(stage, namespaces, models, services, deployments, ingresses)


@contextlib.asynccontextmanager
async def _operator(stage: Stage, **environment: str) -> AsyncIterator[OperatorProcess]:
    """Run an operator for the block, starting when it is ready, however busy the machine is."""
    operator = operator_process.start(stage.server.kubeconfig, stage.folder, **environment)
    try:
        await eventually(partial(_ready, stage, operator), bool, within=_PATIENCE)
        yield operator
        operator.process.terminate()
        await asyncio.to_thread(operator.process.wait, 60)
    finally:
        operator.process.kill()
        operator.process.wait()


async def _ready(stage: Stage, operator: OperatorProcess) -> bool:
    if operator.process.poll() is not None:
        raise RuntimeError(f"the operator ended: {operator.log()[-500:]}")
    try:
        return (await stage.cluster.client.get(f"{operator.url}/readyz")).is_success
    except httpx.TransportError:
        return False


async def live(there: Fleet, run: Run) -> None:
    """Measure from the first declaration to a version change of all models, under one operator."""
    async with _operator(there.stage) as operator:
        before, writes = operator_cost.of(operator.process.pid), operator.writes()
        passes, began = operator.counted(_PASSES), time.monotonic()
        await operator_stage.each([partial(there.declare, place, "1.0.0") for place in there.namespaces])
        await there.ingresses.until(there.applied, within=_PATIENCE)
        run.figures["applied_s"] = time.monotonic() - began
        applied = operator_cost.of(operator.process.pid)
        run.figures["applied_cpu_ms"] = (applied.cpu_seconds - before.cpu_seconds) * 1000 / run.models
        await there.models.until(lambda: there.serving("1.0.0"), within=_PATIENCE)
        run.figures["create_burst_s"] = time.monotonic() - began
        sys.stderr.write(f"{run.models} models: all serve after {run.figures['create_burst_s']:.1f} s\n")
        await _settled(operator)
        after = operator_cost.of(operator.process.pid)
        run.figures["cpu_ms_per_object"] = (after.cpu_seconds - before.cpu_seconds) * 1000 / run.models
        run.figures["writes_per_new_object"] = (operator.writes() - writes) / run.models
        run.figures["passes_per_new_object"] = (operator.counted(_PASSES) - passes) / run.models
        await _react(there, run)
        before, began = operator_cost.of(operator.process.pid), time.monotonic()
        await operator_stage.each([partial(there.declare, place, "1.1.0") for place in there.namespaces])
        await there.models.until(lambda: there.serving("1.1.0"), within=_PATIENCE)
        run.figures["version_change_s"] = time.monotonic() - began
        after = operator_cost.of(operator.process.pid)
        run.figures["version_change_cpu_ms"] = (after.cpu_seconds - before.cpu_seconds) * 1000 / run.models
        run.figures["memory_mb"] = after.memory_megabytes
        await _rollouts(there, run, operator)
    run.figures["iris_get_s"] = await _listing(there, "iris", "get", "-A")
    run.figures["kubectl_get_s"] = await _listing(there, "kubectl", "get", "irismodels", "-A")


async def _rollouts(there: Fleet, run: Run, operator: OperatorProcess) -> None:
    """Compare a candidate with what serves in some of the models at once, and promote it."""
    places = there.namespaces[::_ROLLOUTS]
    await _settled(operator)
    before, writes, began = operator_cost.of(operator.process.pid), operator.writes(), time.monotonic()
    most = before.memory_megabytes
    rollout = {"strategy": "Canary"}
    await operator_stage.each([partial(there.declare, place, "1.0.0", rollout=rollout) for place in places])

    async def largest() -> float:
        nonlocal most
        most = max(most, operator_cost.of(operator.process.pid).memory_megabytes)
        return most

    await eventually(largest, lambda _: there.serving("1.0.0", places), within=_PATIENCE)
    run.figures["rollout_s"] = time.monotonic() - began
    await _settled(operator)
    after = operator_cost.of(operator.process.pid)
    run.figures["rollout_cpu_ms"] = (after.cpu_seconds - before.cpu_seconds) * 1000 / len(places)
    run.figures["rollout_writes"] = (operator.writes() - writes) / len(places)
    run.figures["rollout_memory_times"] = await largest() / before.memory_megabytes


async def _listing(there: Fleet, program: str, *words: str) -> float:
    """The median time of three `iris get`, from start to last line."""
    command = [str(_PROGRAMS / program), *words, f"--kubeconfig={there.stage.server.kubeconfig}"]
    taken = []
    for _ in range(3):
        began = time.monotonic()
        answer = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
        taken.append(time.monotonic() - began)
        if answer.stdout.count("\n") != len(there.namespaces) + 1:
            raise RuntimeError(f"{program}: found {answer.stdout[:200]}, expected a line per model")
    return statistics.median(taken)


async def _react(there: Fleet, run: Run) -> None:
    """Change one model at a time: seconds from the API server's answer to the operator's write in a watch."""
    samples = min(_SAMPLES, max(_FEWEST_SAMPLES, run.models))
    places = [there.namespaces[index % run.models] for index in range(samples)]
    writes, repairs = [], []
    for index, place in enumerate(places):
        level = ("Debug", "Info")[index // len(there.namespaces) % 2]
        change = partial(there.declare, place, "1.0.0", server={"logLevel": level})
        writes.append(await _passes(there.deployments, place, change))
        loss = partial(there.stage.cluster.delete, "Service", MODEL, namespace=place)
        repairs.append(await _passes(there.services, place, loss))
    run.samples |= {"event_to_write_s": writes, "child_repair_s": repairs}
    await there.models.until(lambda: there.serving("1.0.0"), within=_PATIENCE)


async def _passes(watching: Watching, place: str, cause: Callable[[], Awaitable[Any]]) -> float:
    """Seconds from the answer to `cause` until the object is replaced or its spec has changed."""
    key = place, MODEL
    before = watching.at[key]
    await cause()
    answered = time.monotonic()
    await watching.until(lambda: key in watching.seen and watching.at[key] > before, within=_PATIENCE)
    return max(0.0, watching.at[key] - answered)  # the watch event may come before the answer


async def rest(there: Fleet, run: Run) -> None:
    """Start an operator on existing models; after its first resync, count its calls over two more."""
    resyncs = {"IRIS_OPERATOR_SWEEP_SECONDS": str(_SWEEP_SECONDS)}
    began = time.monotonic()
    async with _operator(there.stage, **resyncs) as operator:
        run.figures["start_up_s"] = time.monotonic() - began
        await _settled(operator)
        await asyncio.sleep(1.1 * _SWEEP_SECONDS)  # the first LISTs with a full store grow the heap once
        before, began = operator_cost.of(operator.process.pid), time.monotonic()
        writes, calls = operator.writes(), operator.counted("rest_client_requests_total")
        await asyncio.sleep(2.2 * _SWEEP_SECONDS)  # two resyncs with their jitter
        after, passed = operator_cost.of(operator.process.pid), time.monotonic() - began
        run.figures["rest_writes"] = operator.writes() - writes
        calls = operator.counted("rest_client_requests_total") - calls
        run.figures["rest_calls_per_object"] = calls / run.models  # includes the resyncs' LISTs, one per kind
        run.figures["rest_cpu_share"] = (after.cpu_seconds - before.cpu_seconds) / passed
        grown = after.memory_megabytes - before.memory_megabytes
        run.figures["rest_memory_mb_per_minute"] = grown / passed * 60
        run.figures["memory_mb"] = max(run.figures.get("memory_mb", 0), after.memory_megabytes)


async def fail_over(there: Fleet, run: Run) -> None:
    """End the leader and delete a child; seconds until the other replica has made it again."""
    async with _operator(there.stage, **_LEASE) as first:
        await _leads(first)
        async with _operator(there.stage, **_LEASE) as second:
            run.figures["failover_kill_s"] = await _taken_over(there, first.process.kill)
            await _leads(second)
            async with _operator(there.stage, **_LEASE):
                run.figures["failover_term_s"] = await _taken_over(there, second.process.terminate)


async def _taken_over(there: Fleet, end: Callable[[], None]) -> float:
    end()
    place, began = there.namespaces[0], time.monotonic()
    await _passes(
        there.services, place, partial(there.stage.cluster.delete, "Service", MODEL, namespace=place)
    )
    return time.monotonic() - began


async def _leads(operator: OperatorProcess) -> None:
    async def read() -> float:
        return operator.counted("leader_election_master_status")

    await eventually(read, lambda leading: leading == 1, within=60)


async def _settled(operator: OperatorProcess) -> None:
    """Wait until no pass has ended for three seconds."""
    last, since = -1.0, time.monotonic()
    while time.monotonic() - since < _CALM_SECONDS:
        await asyncio.sleep(0.5)
        passes = operator.counted(_PASSES)
        if passes != last:
            last, since = passes, time.monotonic()


def _serves(body: Manifest | None, version: str) -> bool:
    if body is None:
        return False
    seen = readiness.of(body)
    return seen.ready and seen.declared == version
