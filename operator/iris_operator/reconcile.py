"""One pass over one IrisModel: how a declaration becomes a running server and an honest status.

A pass needs no memory of the one before and may be cut off anywhere: the next one goes on from the cluster.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec

from iris_operator import children, errors, kinds, metrics, reasons
from iris_operator.act import events
from iris_operator.act.apply import Applier
from iris_operator.children import metadata
from iris_operator.cluster import Cluster
from iris_operator.decide import checks, status
from iris_operator.decide.checks import Facts, Verdict
from iris_operator.kinds import Kind
from iris_operator.model import routes, spec
from iris_operator.model.spec import IrisModel
from iris_operator.observe import ownership, provenance, workload
from iris_operator.observe.proof import Prover
from iris_operator.observe.store import Key, Snapshot, Store

logger = logging.getLogger(__name__)

_LOOK_AGAIN_SECONDS: Final = 1.0  # the watch is about to tell; if it does not, the next resync will


@dataclass(frozen=True, slots=True)
class Context:
    """What a pass works with."""

    cluster: Cluster
    store: Store
    prover: Prover
    now: Callable[[], datetime]  # UTC
    instance: str  # this process, for events
    # Of each model, a digest of what was compared last and needed no call: comparing it again says the same.
    agreed: dict[Key, bytes] = field(default_factory=dict)


async def reconcile(context: Context, key: Key) -> float | None:
    """Returns the seconds after which to look again without an event, or None.

    Raises errors.Waiting, errors.ClusterError, errors.Incomplete: the queue tries again.
    """
    snapshot = context.store.snapshot(key)
    if snapshot.model is None or snapshot.model["metadata"].get("deletionTimestamp"):
        context.prover.forget(pod["metadata"]["uid"] for pod in snapshot.pods)
        metrics.gone(*key)
        context.agreed.pop(key, None)
        return None  # the children follow by garbage collection

    model, fault = _parse(snapshot.model)
    failures: tuple[errors.ChildFailure, ...] = ()
    if model is not None and not model.suspend:
        fault = _route_conflict(snapshot)
        failures = await _make_true(context, snapshot, model, has_route=fault is None)

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


async def _make_true(
    context: Context, snapshot: Snapshot, model: IrisModel, *, has_route: bool
) -> tuple[errors.ChildFailure, ...]:
    impossible = context.store.absent | (set() if has_route else {kinds.INGRESS})
    compared = _compared(model, impossible, snapshot)
    if context.agreed.get(snapshot.key) == compared:
        return ()
    wanted = [(kind, manifest) for kind, manifest in children.build(model) if kind not in impossible]
    applier = Applier(context.cluster, context.store)
    failures = await applier.children(snapshot, model, wanted)
    if applier.idle:
        context.agreed[snapshot.key] = compared
    return failures


def _compared(model: IrisModel, impossible: Iterable[Kind], snapshot: Snapshot) -> bytes:
    """A digest of everything that a comparison of a model with its children goes by."""
    children = [(kind.plural, name, _intent(body)) for (kind, name), body in snapshot.children.items()]
    children.sort(key=lambda child: child[:2])
    parts = (model, sorted(kind.plural for kind in impossible), children)
    return hashlib.sha256(msgspec.msgpack.encode(parts, order="deterministic")).digest()


def _intent(body: Any) -> dict[str, Any]:
    """A child without what changes while it works."""
    metadata = {name: value for name, value in body["metadata"].items() if name != "resourceVersion"}
    return {**body, "metadata": metadata, "status": None}


def _route_conflict(snapshot: Snapshot) -> errors.Invalid | None:
    holder = routes.holder(snapshot.rivals)
    if holder is None or holder == snapshot.key:
        return None
    found = f"found that IrisModel {holder[0]}/{holder[1]} has this host and path since before"
    return errors.Invalid(reasons.ROUTE_CONFLICT, f"spec.route: {found}, expected a route of its own")


async def _observe(
    context: Context,
    before: Snapshot,
    model: IrisModel | None,
    fault: errors.Invalid | None,
    failures: tuple[errors.ChildFailure, ...],
) -> Facts:
    """The facts after our own writes, whose answers are in the store; of the generation we started from."""
    name = before.key[1]
    after = context.store.snapshot(before.key)
    body: Any = before.model
    deployment = after.children.get((kinds.DEPLOYMENT, name))
    if deployment is not None and model is not None and ownership.owner(deployment, model) != "ours":
        deployment = None
    asked = children.optional(model) if model else ()
    routed = (kinds.INGRESS, name) in after.children
    seen = workload.observe(deployment, after.replica_sets, after.pods)
    version = str(body.get("spec", {}).get("version", ""))
    return Facts(
        generation=body["metadata"].get("generation", 0),
        version=version,
        suspended=bool(model and model.suspend),
        fault=fault,
        failures=failures,
        workload=seen,
        proofs=await context.prover.prove(seen.pods, name, version),
        selector=",".join(f"{label}={value}" for label, value in sorted(metadata.selector_of(name).items())),
        url=(model.url if routed else model.cluster_url) if model else _status(body).get("url", ""),
        routed=routed,
        uninstalled=tuple(kind.name for kind in asked if kind in context.store.absent),
        monitored=bool(asked) and {kind for kind, _ in after.children}.issuperset(asked),
        source=await provenance.source(context.cluster, body),
        now=context.now(),
    )


async def _publish(context: Context, body: Any, new: dict[str, Any], verdict: Verdict) -> None:
    before = _status(body)
    if _unordered(new) == _unordered(before):
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


def _unordered(whole: dict[str, Any]) -> dict[str, Any]:
    """Conditions are a map by type: the API server may keep them in another order."""
    return {**whole, "conditions": {row["type"]: row for row in whole.get("conditions", ())}}
