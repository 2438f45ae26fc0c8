"""One pass over one IrisModel, from its declaration to children and a true status.

A pass needs no memory of the one before and can be interrupted anywhere: the next one continues from the
cluster.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from iris_api import kinds

from iris_operator import children, errors, metrics
from iris_operator.act import events
from iris_operator.act.apply import Applier
from iris_operator.act.overrides import Overrides
from iris_operator.children import metadata
from iris_operator.cluster import Cluster
from iris_operator.decide import checks, parts, plans, status
from iris_operator.decide.facts import Facts, WorkloadFacts
from iris_operator.decide.verdict import Verdict
from iris_operator.model import spec
from iris_operator.model.plan import Plan
from iris_operator.model.spec import IrisModel
from iris_operator.observe import ownership, provenance, workload
from iris_operator.observe.ingress_classes import IngressClasses
from iris_operator.observe.proof import Prover
from iris_operator.observe.store import Key, Snapshot, Store

logger = logging.getLogger(__name__)

_LOOK_AGAIN_SECONDS: Final = 1.0  # the watch will report it; if not, the next resync does


@dataclass(frozen=True, slots=True)
class Context:
    """The dependencies of a pass."""

    cluster: Cluster
    store: Store
    prover: Prover
    now: Callable[[], datetime]  # UTC
    instance: str  # this process, for events
    # Of each model, a digest of what was compared last and needed no call: it is not compared again.
    agreed: dict[Key, bytes] = field(default_factory=dict)
    ingress_classes: IngressClasses = field(default_factory=IngressClasses)
    overrides: Overrides = field(default_factory=Overrides)


async def reconcile(context: Context, key: Key) -> float | None:
    """Returns the seconds until the next pass without an event, or None.

    Raises errors.Waiting, errors.ClusterError, errors.Incomplete: the queue tries again.
    """
    snapshot = context.store.snapshot(key)
    if snapshot.model is None or snapshot.model["metadata"].get("deletionTimestamp"):
        context.prover.forget(pod["metadata"]["uid"] for pod in snapshot.pods)
        metrics.gone(*key)
        context.agreed.pop(key, None)
        context.overrides.forget(key)
        return None  # the children follow by garbage collection

    model, fault = _parse(snapshot.model)
    failures: tuple[errors.ChildFailure, ...] = ()
    if model is not None and not model.suspend:
        plan = plans.decide(model, snapshot, context.store.absent)
        # A plan that follows from the declaration alone need not be persisted before it is acted on.
        fault = plan.conflict
        failures = await _act(context, snapshot, model, plan)

    facts = await _observe(context, snapshot, model, fault, failures)
    verdict = checks.judge(facts)
    await _publish(context, snapshot.model, status.build(facts, verdict, _status(snapshot.model)), verdict)
    again = checks.look_again(facts, verdict)
    for failure in failures:
        if not isinstance(failure.cause, errors.Invalid):
            raise errors.Incomplete(failure.cause, again)
    return again


def _parse(body: Any) -> tuple[IrisModel | None, errors.Invalid | None]:
    try:
        return spec.parse(body), None
    except errors.Invalid as invalid:
        return None, invalid


async def _act(
    context: Context, snapshot: Snapshot, model: IrisModel, plan: Plan
) -> tuple[errors.ChildFailure, ...]:
    compared = _compared(model, plan, snapshot)
    if context.agreed.get(snapshot.key) == compared:
        return ()
    applier = Applier(context.cluster, context.store, context.overrides)
    failures = await applier.children(snapshot, model, children.build(model, plan))
    if applier.idle:
        context.agreed[snapshot.key] = compared
    return failures


def _compared(model: IrisModel, plan: Plan, snapshot: Snapshot) -> bytes:
    """A digest of every input of a model's comparison with its children."""
    children = [(kind.plural, name, _intent(body)) for (kind, name), body in snapshot.children.items()]
    children.sort(key=lambda child: child[:2])
    parts = (model, plan.tracks, sorted(kind.plural for kind in plan.left_out), children)
    return hashlib.sha256(msgspec.msgpack.encode(parts, order="deterministic")).digest()


def _intent(body: Any) -> dict[str, Any]:
    """A child without the fields that change while it works."""
    metadata = {name: value for name, value in body["metadata"].items() if name != "resourceVersion"}
    return {**body, "metadata": metadata, "status": None}


async def _observe(
    context: Context,
    before: Snapshot,
    model: IrisModel | None,
    fault: errors.Invalid | None,
    failures: tuple[errors.ChildFailure, ...],
) -> Facts:
    """The facts after our own writes, whose answers are in the store, for the generation of this pass."""
    name = before.key[1]
    after = context.store.snapshot(before.key)
    body: Any = before.model
    deployment = after.children.get((kinds.DEPLOYMENT, name))
    if deployment is not None and model is not None and ownership.owner(deployment, model) != "ours":
        deployment = None
    seen = workload.observe(deployment, after.replica_sets, after.pods)
    version = str(body.get("spec", {}).get("version", ""))
    now = context.now()
    deadline = timedelta(seconds=model.progress_deadline_seconds if model else 0)
    generation = body["metadata"].get("generation", 0)
    waiting_since = status.waiting_since(_status(body), version, generation, deadline)
    proofs = await context.prover.prove(seen.pods, name, version)
    return Facts(
        generation=generation,
        version=version,
        suspended=bool(model and model.suspend),
        fault=fault,
        failures=failures,
        stable=WorkloadFacts(version, seen, proofs, deadline, waiting_since, now),
        parts=parts.observe(model, after, context.store.absent) if model else (),
        selector=",".join(f"{label}={value}" for label, value in sorted(metadata.selector_of(name).items())),
        missing_class=await context.ingress_classes.missing(
            context.cluster, after.children.get((kinds.INGRESS, name), {}), now
        ),
        url=_url(model, after) if model else _status(body).get("url", ""),
        overrides=context.overrides.of(before.key),
        source=await provenance.source(context.cluster, body),
        now=now,
    )


def _url(model: IrisModel, snapshot: Snapshot) -> str:
    is_routed = any(kind in children.ROUTE_KINDS for kind, _ in snapshot.children)
    return model.url if is_routed else model.cluster_url


async def _publish(context: Context, body: Any, new: dict[str, Any], verdict: Verdict) -> None:
    before = _status(body)
    if not status.differ(new, before):
        return
    # The uid: never the status of another object of that name. The version: none made of yesterday's spec.
    identity = {name: body["metadata"][name] for name in ("name", "namespace", "uid", "resourceVersion")}
    manifest = {
        "apiVersion": kinds.IRIS_MODEL.api_version,
        "kind": kinds.IRIS_MODEL.name,
        "metadata": identity,
        "status": new,
    }
    metrics.wrote(identity["namespace"], identity["name"])
    try:
        written = await context.cluster.apply(kinds.IRIS_MODEL, manifest, subresource="status")
    except errors.ClusterError as error:
        if error.code == 409:
            raise errors.Waiting(_LOOK_AGAIN_SECONDS, "it has changed meanwhile") from error
        raise
    context.store.observe(kinds.IRIS_MODEL, written)
    if events.due(before, verdict):
        logger.info(
            "IrisModel %s/%s: Ready=%s %s: %s",
            identity["namespace"],
            identity["name"],
            verdict.ready,
            verdict.reason,
            verdict.message,
        )
        await events.post(context.cluster, written, verdict, instance=context.instance, now=context.now())


def _status(body: Any) -> dict[str, Any]:
    return dict(body.get("status") or {})
