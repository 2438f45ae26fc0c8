"""One pass over one IrisModel, from its declaration to children and a true status.

A pass needs no memory of the one before and can be interrupted anywhere: the next one continues from the
cluster.
"""

import dataclasses
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from iris_api import kinds
from iris_api.kinds import Kind

from iris_operator import children, errors, metrics, rollout_pass
from iris_operator.act import events, publish
from iris_operator.act.apply import Applier
from iris_operator.act.overrides import Overrides
from iris_operator.children import metadata
from iris_operator.cluster import Cluster
from iris_operator.decide import checks, parts, pickles, plans, status
from iris_operator.decide.facts import Facts, WorkloadFacts
from iris_operator.decide.rollout_facts import Step
from iris_operator.decide.verdict import Verdict
from iris_operator.model import routes, spec
from iris_operator.model.plan import STABLE, Plan
from iris_operator.model.spec import IrisModel
from iris_operator.observe import ownership, provenance, workload
from iris_operator.observe.gateways import Findings, Gateways
from iris_operator.observe.ingress_classes import IngressClasses
from iris_operator.observe.proof import Prover
from iris_operator.observe.route_changes import RouteChanges
from iris_operator.observe.store import Key, Snapshot, Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Context:
    """The dependencies of a pass."""

    cluster: Cluster
    store: Store
    prover: Prover
    now: Callable[[], datetime]  # UTC
    instance: str  # this process, for events
    # For each model, a digest of children that were as declared: equal ones are not compared again.
    agreed: dict[Key, bytes] = field(default_factory=dict)
    ingress_classes: IngressClasses = field(default_factory=IngressClasses)
    gateways: Gateways = field(default_factory=Gateways)
    overrides: Overrides = field(default_factory=Overrides)
    route_changes: RouteChanges = field(default_factory=RouteChanges)


@dataclass(frozen=True, slots=True)
class _Done:
    """What a pass has read from the declaration and done about it."""

    model: IrisModel | None
    fault: errors.Invalid | None
    failures: tuple[errors.ChildFailure, ...] = ()
    step: Step | None = None  # None: suspended, invalid or unsaved, so nothing was done
    unsaved: errors.ClusterError | None = None  # why the decision could not be persisted


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
        context.route_changes.forget(key)
        context.gateways.forget(key)
        return None  # the children follow by garbage collection

    done = _Done(*_parse(snapshot.model))
    if done.model is not None and not done.model.suspend:
        snapshot, done = await _carry_out(context, snapshot, done.model)

    facts = await _observe(context, snapshot, done)
    verdict = checks.judge(facts)
    await _publish(context, snapshot.model, facts, verdict)
    again = checks.look_again(facts, verdict)
    for cause in (done.unsaved, *(failure.cause for failure in done.failures)):
        if cause is not None and not isinstance(cause, errors.Invalid):
            raise errors.Incomplete(cause, again)
    return again


def _parse(body: Any) -> tuple[IrisModel | None, errors.Invalid | None]:
    try:
        return spec.parse(body), None
    except errors.Invalid as invalid:
        return None, invalid


async def _carry_out(context: Context, snapshot: Snapshot, model: IrisModel) -> tuple[Snapshot, _Done]:
    """Decides, persists, acts. Nothing is done about a decision that could not be persisted."""
    step = await rollout_pass.decide(
        model,
        snapshot,
        prover=context.prover,
        gateway=lambda: _gateway(context, snapshot, model),
        absent=context.store.absent,
        now=context.now(),
    )
    body: Any = snapshot.model
    try:
        body = await rollout_pass.persist(context.cluster, context.store, body, step)
    except errors.ClusterError as error:
        # Without a verdict of the rollout, what serves does not depend on the decision.
        failure = errors.refused("Ready", f"status.rollout of IrisModel {model.name}", error)
        return snapshot, _Done(model, None, (failure,) if step.report.verdict else (), unsaved=error)
    if step.event is not None:
        await _post(context, body, events.Event(*step.event))
    snapshot = dataclasses.replace(snapshot, model=body)
    former = context.route_changes.former(model, snapshot, context.now())
    plan = plans.complete(step.plan, model, snapshot, absent=context.store.absent, former=former)
    failures = await _act(context, snapshot, model, plan)
    return snapshot, _Done(model, plan.conflict, failures, step)


async def _act(
    context: Context, snapshot: Snapshot, model: IrisModel, plan: Plan
) -> tuple[errors.ChildFailure, ...]:
    agreed = context.agreed.get(snapshot.key)
    if agreed is not None and agreed == _compared(model, plan, snapshot.children):
        return ()
    applier = Applier(context.cluster, context.store, context.overrides)
    kept = [child for child in snapshot.children if _is_kept(child, model, plan)]
    failures = await applier.children(snapshot, model, children.build(model, plan), kept=kept)
    if applier.settled:
        # By the answers, not by the store: a watch may have reported a newer object, which was not compared.
        children_now = {**snapshot.children, **applier.written}
        context.agreed[snapshot.key] = _compared(model, plan, children_now)
    return failures


def _is_kept(child: tuple[Kind, str], model: IrisModel, plan: Plan) -> bool:
    kind, name = child
    is_candidate = name == metadata.canary_name(model)
    is_former = name == model.name and kind == plan.former_route
    return is_former or (is_candidate and plan.keeps_candidate)


def _compared(model: IrisModel, plan: Plan, live: Mapping[tuple[Kind, str], Any]) -> bytes:
    """A digest of every input of a model's comparison with its children."""
    children = [(kind.plural, name, _intent(body)) for (kind, name), body in live.items()]
    children.sort(key=lambda child: child[:2])
    left_out = sorted(kind.plural for kind in plan.left_out)
    kept = (plan.keeps_candidate, plan.former_route and plan.former_route.plural)
    planned = (plan.tracks, plan.fallback, plan.candidate_percent, kept, left_out)
    parts = (model, planned, children)
    return hashlib.sha256(msgspec.msgpack.encode(parts, order="deterministic")).digest()


def _intent(body: Any) -> dict[str, Any]:
    """A child without the fields that change while it works."""
    metadata = {name: value for name, value in body["metadata"].items() if name != "resourceVersion"}
    if "annotations" in metadata:  # the controller of a Deployment adds its revision after our write
        metadata["annotations"] = {**metadata["annotations"], workload.REVISION: None}
    return {**body, "metadata": metadata, "status": None}


async def _observe(context: Context, before: Snapshot, done: _Done) -> Facts:
    """The facts after our own writes, whose answers are in the store; of the generation we started from."""
    name, model = before.key[1], done.model
    after = context.store.renewed(before)
    body: Any = before.model
    deployment = after.children.get((kinds.DEPLOYMENT, name))
    if deployment is not None and model is not None and ownership.owner(deployment, model) != "ours":
        deployment = None
    seen = workload.observe(deployment, after.replica_sets, workload.pods_of(after.pods, STABLE))
    declared = str(body.get("spec", {}).get("version", ""))
    version = done.step.plan.stable.version if done.step else declared
    now = context.now()
    deadline = timedelta(seconds=model.progress_deadline_seconds if model else 0)
    generation = body["metadata"].get("generation", 0)
    waiting_since = status.waiting_since(_status(body), declared, generation, deadline)
    proofs = await context.prover.prove(seen.pods, name, version)
    gateway = await _gateway(context, after, model) if model else Findings()
    return Facts(
        generation=generation,
        version=declared,
        suspended=bool(model and model.suspend),
        fault=done.fault,
        failures=done.failures,
        stable=WorkloadFacts(version, seen, proofs, deadline, waiting_since, now),
        rollout=done.step.report if done.step else None,
        parts=parts.observe(model, after, context.store.absent, now) if model else (),
        selector=",".join(f"{label}={value}" for label, value in sorted(metadata.selector_of(name).items())),
        former_route=context.route_changes.former(model, after, now) if model else None,
        missing_class=await _missing_class(context, after, model),
        gateway_problem=gateway.problem,
        url=_url(model, after, gateway) if model else _status(body).get("url", ""),
        pickle=model.server.pickle if model else pickles.ALLOW,
        verify=model.verify if model else None,
        overrides=context.overrides.of(before.key),
        source=await provenance.source(context.cluster, body),
        now=now,
    )


async def _gateway(context: Context, snapshot: Snapshot, model: IrisModel) -> Findings:
    route = snapshot.children.get((kinds.HTTP_ROUTE, model.name))
    return await context.gateways.look(context.cluster, model, route, context.now())


async def _missing_class(context: Context, snapshot: Snapshot, model: IrisModel | None) -> str:
    """Of a declared Ingress: a former one does not matter."""
    ingress = snapshot.children.get((kinds.INGRESS, snapshot.key[1]), {})
    if model is not None and model.route is not None and model.route.type != routes.INGRESS:
        return ""
    return await context.ingress_classes.missing(context.cluster, ingress, context.now())


def _url(model: IrisModel, snapshot: Snapshot, gateway: Findings) -> str:
    if not any(kind in children.ROUTE_KINDS for kind, _ in snapshot.children):
        return model.cluster_url
    if gateway.has_certificate and model.url != model.cluster_url:
        return model.url.replace("http://", "https://", 1)
    return model.url


async def _publish(context: Context, body: Any, facts: Facts, verdict: Verdict) -> None:
    before = _status(body)
    new = status.build(facts, verdict, before)
    if not status.differ(new, before):
        return
    written = await publish.status(context.cluster, context.store, body, new)
    if events.due(before, verdict):
        logger.info(
            "IrisModel %s/%s: Ready=%s %s: %s",
            written["metadata"]["namespace"],
            written["metadata"]["name"],
            verdict.ready,
            verdict.reason,
            verdict.message,
        )
        await _post(context, written, events.of(verdict))
    elif (change := events.of_change(before, facts.generation, facts.source)) is not None:
        await _post(context, written, change)


async def _post(context: Context, body: Any, event: events.Event) -> None:
    await events.post(context.cluster, body, event, instance=context.instance, now=context.now())


def _status(body: Any) -> dict[str, Any]:
    return dict(body.get("status") or {})
