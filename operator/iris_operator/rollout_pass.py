"""What a pass does for a rollout before anything else is written: look at both sets of pods, decide, persist.

The decision itself is decide.rollout, which is pure. At rest nothing is asked or written here. Counts of
requests are read only while requests are divided.
"""

import dataclasses
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from iris_api import kinds, rollouts
from iris_api.kinds import Kind

from iris_operator import children, rollout_metrics
from iris_operator.act import publish
from iris_operator.children import metadata, service_account
from iris_operator.cluster import Cluster
from iris_operator.decide import plans, rollout, status
from iris_operator.decide.facts import WorkloadFacts
from iris_operator.decide.rollout_facts import RolloutFacts, Step, TrafficCounts
from iris_operator.model import shape, spec
from iris_operator.model.plan import CANARY, STABLE
from iris_operator.model.shape import Shape
from iris_operator.model.spec import IrisModel
from iris_operator.observe import ownership, pod_http, split, workload
from iris_operator.observe.agreement import Agreement, NoAnswer
from iris_operator.observe.gateways import Findings
from iris_operator.observe.proof import Prover
from iris_operator.observe.store import Snapshot, Store
from iris_operator.observe.workload import Pod, Workload

_NOT_DEPLOYMENTS: Final = frozenset(children.KINDS) - {kinds.DEPLOYMENT}


async def decide(
    model: IrisModel,
    snapshot: Snapshot,
    *,
    prover: Prover,
    gateway: Callable[[], Awaitable[Findings]],
    absent: frozenset[Kind],
    now: datetime,
) -> Step:
    """What this pass makes of `spec.rollout`; without one, that every pod is as declared.

    `gateway` returns what is wrong with the Gateway of the live route. `absent`: kinds without an API in this
    cluster.
    """
    facts = _at_rest(model, snapshot, now)
    if rollout.is_quiet(facts):
        return rollout.decide(facts)
    facts = await _observe(facts, model, snapshot, prover)
    has_routes = kinds.HTTP_ROUTE not in absent
    problem = (await gateway()).problem
    observed = split.observe(model, snapshot, has_api=has_routes, problem=problem)
    facts = dataclasses.replace(facts, split=observed)
    step = rollout.decide(facts)
    if step.asks:
        answer = await _compare(facts, prover)
        step = rollout.decide(dataclasses.replace(facts, agreement=answer))
    return step


async def persist(cluster: Cluster, known: Store, body: Mapping[str, Any], step: Step) -> Mapping[str, Any]:
    """Before the plan is carried out: whoever takes over after a crash goes on from the same decision."""
    before = body.get("status") or {}
    known_rollout = before.get("rollout") or {}
    if dict(step.report.status) != known_rollout:
        body = await publish.status(cluster, known, body, status.with_rollout(before, step.report.status))
    rollout_metrics.decided(
        body["metadata"]["namespace"],
        body["metadata"]["name"],
        before=known_rollout,
        after=step.report.status,
        event=step.event,
    )
    return body


def _at_rest(model: IrisModel, snapshot: Snapshot, now: datetime) -> RolloutFacts:
    """All that is known without a look at the pods."""
    body: Any = snapshot.model
    known = body.get("status") or {}
    deadline = timedelta(seconds=model.progress_deadline_seconds)
    nothing = WorkloadFacts(model.version, workload.NOTHING, {}, deadline, None, now)
    return RolloutFacts(
        policy=model.rollout or spec.IMMEDIATE,
        declared=shape.of(model),
        fallback=_fallback(model, snapshot),
        before=known.get("rollout") or {},
        serving=nothing,
        promoted=nothing,
        candidate=nothing,
        has_ready_candidate=False,
        agreement=None,
        split=split.NONE,
        traffic=None,
        stable_replicas=_replicas(model, snapshot),
        now=now,
        history=known.get("history") or (),
    )


def _replicas(model: IrisModel, snapshot: Snapshot) -> int:
    """Of the stable pods as they are to be: declared, or by the autoscaler."""
    live = _ours(model, snapshot, kinds.DEPLOYMENT, model.name)
    if model.autoscaling is None or live is None:
        return model.replicas
    return int(live["spec"].get("replicas", model.autoscaling.min_replicas))


def _fallback(model: IrisModel, snapshot: Snapshot) -> Shape | None:
    """None where nothing was built yet, or somebody removed it: there is nothing to go back to."""
    account = _ours(model, snapshot, kinds.SERVICE_ACCOUNT, model.name)
    if account is None or _ours(model, snapshot, kinds.DEPLOYMENT, model.name) is None:
        return None
    return shape.parse(account["metadata"].get("annotations", {}).get(service_account.BUILT_FROM, ""))


async def _observe(facts: RolloutFacts, model: IrisModel, snapshot: Snapshot, prover: Prover) -> RolloutFacts:
    planned = _planned_deployments(model, snapshot, facts)
    stable = _ours(model, snapshot, kinds.DEPLOYMENT, model.name)
    candidate = _ours(model, snapshot, kinds.DEPLOYMENT, metadata.canary_name(model))
    fallback = facts.fallback or facts.declared
    since = facts.before.get("since")
    is_promoting = facts.state == rollouts.PROMOTING

    async def of(seen: Workload, version: str) -> WorkloadFacts:
        proofs = await prover.prove(seen.pods, model.name, version)
        waiting_since = datetime.fromisoformat(since) if since else None
        return WorkloadFacts(version, seen, proofs, facts.promoted.deadline, waiting_since, facts.now)

    seen = workload.observe(stable, snapshot.replica_sets, workload.pods_of(snapshot.pods, STABLE))
    canary_pods = workload.pods_of(snapshot.pods, CANARY)
    canary = workload.observe(
        candidate if _is_built_from(candidate, planned) else None, snapshot.replica_sets, canary_pods
    )
    serving = await of(seen, facts.declared.version if is_promoting else fallback.version)
    promoted = serving if is_promoting and _is_built_from(stable, planned) else facts.promoted
    return dataclasses.replace(
        facts,
        has_ready_candidate=split.has_ready(canary_pods),
        serving=dataclasses.replace(serving, version=fallback.version),
        promoted=promoted,
        candidate=await of(canary, facts.declared.version),
        traffic=await _traffic(model, prover, seen, canary) if "routedAt" in facts.before else None,
    )


async def _traffic(model: IrisModel, prover: Prover, stable: Workload, candidate: Workload) -> TrafficCounts:
    """Of the ready pods; others get no request."""
    milliseconds = model.monitoring.alerts.latency_milliseconds
    try:
        return TrafficCounts(
            await prover.traffic(_ready(stable.pods), milliseconds=milliseconds),
            await prover.traffic(_ready(candidate.newest), milliseconds=milliseconds),
        )
    except pod_http.Failed as failed:
        return TrafficCounts(failure=str(failed))


def _ready(pods: Iterable[Pod]) -> list[Pod]:
    return [pod for pod in pods if pod.ready and pod.address]


def _planned_deployments(model: IrisModel, snapshot: Snapshot, facts: RolloutFacts) -> Mapping[str, str]:
    """Of the declared shape in both tracks: their names with the digests of their intents."""
    tracks = dataclasses.replace(facts.plan(facts.declared, facts.before), left_out=_NOT_DEPLOYMENTS)
    both = plans.with_revisions(tracks, model, snapshot)
    stamped = [ownership.stamp(manifest)["metadata"] for _, manifest in children.build(model, both)]
    return {found["name"]: found["annotations"][ownership.INTENT] for found in stamped}


def _is_built_from(live: Mapping[str, Any] | None, planned: Mapping[str, str]) -> bool:
    """Not so before our write, nor after a crash between decision and write."""
    if live is None:
        return False
    found = live["metadata"].get("annotations", {}).get(ownership.INTENT)
    return bool(found == planned[live["metadata"]["name"]])


def _ours(model: IrisModel, snapshot: Snapshot, kind: Kind, name: str) -> Mapping[str, Any] | None:
    live = snapshot.children.get((kind, name))
    return live if live is not None and ownership.owner(live, model) == "ours" else None


async def _compare(facts: RolloutFacts, prover: Prover) -> Agreement | NoAnswer:
    for side in (facts.candidate, facts.serving):
        if not _answering(side):
            failures = [proof.failure for proof in side.proofs.values() if proof.failure]
            return NoAnswer(": ".join([f"no pod of version {side.version} answers", *failures[:1]]))
    return await prover.compare(_answering(facts.serving)[0], _answering(facts.candidate)[0])


def _answering(facts: WorkloadFacts) -> list[Pod]:
    """The ready pods, those of the expected version first."""
    proven = [pod for pod in facts.workload.pods if pod.ready and not facts.proof_of(pod.uid).failure]
    return sorted(proven, key=lambda pod: facts.proof_of(pod.uid).version != facts.version)
