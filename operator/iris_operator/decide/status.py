"""Builds the whole status of an IrisModel from facts and verdict, once at the end of a pass. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from iris_api import reasons, rollouts, sources

from iris_operator import children
from iris_operator.decide import history, pickles, signatures, split_requests
from iris_operator.decide.facts import Facts, Part
from iris_operator.decide.verdict import Verdict

Row = tuple[str, bool | None, str, str]  # type, whether it holds (None: not known), reason, message

_LONGEST_MESSAGE: Final = 1024
_STATUSES: Final = {True: "True", False: "False", None: "Unknown"}
_TYPES: Final = frozenset(
    {
        "Available",
        "Reconciling",
        "Stalled",
        "ChildrenAsDeclared",
        pickles.CONDITION,
        signatures.CONDITION,
        *children.CONDITIONS,
    }
)


def build(facts: Facts, verdict: Verdict, before: Mapping[str, Any]) -> dict[str, Any]:
    """The whole status; equal to `before` when nothing has changed."""
    now = facts.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    serving, digest = _serving_version(facts, before)
    status = {
        "observedGeneration": facts.generation,
        "servingVersion": serving,
        "modelDigest": digest,
        "replicas": facts.stable.workload.replicas,
        "readyReplicas": facts.stable.workload.ready,
        "selector": facts.selector,
        "url": facts.url,
        "conditions": _conditions(facts, verdict, before.get("conditions", ()), now),
        "history": history.extend(
            _history(facts, before),
            version=facts.version,
            digest=digest,
            outcome=verdict.reason,
            serving=serving,
            now=now,
            revision=facts.source.get("revision", ""),
        ),
    }
    status |= {"source": dict(facts.source)} if facts.source else {}
    served = [
        proof for proof in facts.stable.proofs.values() if (proof.version, proof.digest) == (serving, digest)
    ]
    signer = signatures.signer(served)
    status |= {"signedBy": signer} if signer else {}
    rollout = _rollout(facts, before)
    return status | ({"rollout": rollout} if rollout else {})


def _history(facts: Facts, before: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    known: Sequence[Mapping[str, Any]] = before.get("history", ())
    revision = facts.source.get("revision")
    is_late = sources.is_half_known(before.get("source") or {})
    if revision and is_late and before.get("observedGeneration") == facts.generation:
        return history.attribute(known, revision)
    return known


def with_rollout(before: Mapping[str, Any], rollout: Mapping[str, Any]) -> dict[str, Any]:
    """The status as it was, but for the rollout: conditions of others are left to them."""
    kept = {name: value for name, value in before.items() if name != "rollout"}
    if "conditions" in kept:
        kept["conditions"] = [row for row in kept["conditions"] if row["type"] in _TYPES]
    return kept | ({"rollout": dict(rollout)} if rollout else {})


def _rollout(facts: Facts, before: Mapping[str, Any]) -> Mapping[str, Any]:
    if facts.rollout is not None:
        return _attributed(facts.rollout.status, facts.source.get("revision", ""))
    known: Mapping[str, Any] = before.get("rollout") or {}
    return split_requests.suspended(known) if facts.suspended else known


def _attributed(rollout: Mapping[str, Any], revision: str) -> Mapping[str, Any]:
    """A candidate by the commit that declared it; a later one may change only its gates."""
    candidate = rollout.get("candidate") or {}
    if not revision or "revision" in candidate or rollout.get("state") != rollouts.PREPARING:
        return rollout
    return {**rollout, "candidate": {**candidate, "revision": revision}}


def waiting_since(
    before: Mapping[str, Any], version: str, generation: int, deadline: timedelta
) -> datetime | None:
    """When the wait for the declared version began; None: now."""
    known = {row["type"]: row for row in before.get("conditions", ())}
    reason = known.get("Ready", {}).get("reason")
    [newest, *_] = before.get("history") or [{}]
    if newest.get("version") != version:
        return None
    if before.get("observedGeneration") != generation:  # a changed declaration gets a new deadline
        return None
    if "Reconciling" in known:
        moments = (known["Reconciling"]["lastTransitionTime"], newest["from"])
        return max(datetime.fromisoformat(moment) for moment in moments)
    if reason == reasons.PROGRESS_DEADLINE_EXCEEDED and "Stalled" in known:
        return datetime.fromisoformat(known["Stalled"]["lastTransitionTime"]) - deadline
    return None


def differ(new: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether the status must be written. Conditions are a map by type; those of others are ignored."""
    return _ours(new) != _ours(before)


def _ours(whole: Mapping[str, Any]) -> dict[str, Any]:
    rows = {row["type"]: row for row in whole.get("conditions", ()) if row["type"] in _TYPES}
    return {**whole, "conditions": rows}


def _answers(pods: int) -> str:
    if pods == 1:
        return "1 pod answers"
    return f"{pods} pods answer" if pods else "no pod answers"


def _conditions(facts: Facts, verdict: Verdict, before: Any, now: str) -> list[dict[str, Any]]:
    answering = sum(not proof.failure for proof in facts.stable.proofs.values())
    conditions: list[Row] = [
        ("Ready", verdict.ready, verdict.reason, verdict.message),
        (
            "Available",
            answering > 0,
            reasons.PODS_AVAILABLE if answering else reasons.NO_POD_AVAILABLE,
            _answers(answering),
        ),
    ]
    if verdict.reconciling:
        conditions.append(("Reconciling", True, verdict.reason, verdict.message))
    if verdict.stalled:
        conditions.append(("Stalled", True, verdict.reason, verdict.message))
    conditions += _optional_conditions(facts, verdict)
    known = {condition["type"]: condition for condition in before}
    return [_condition(known.get(row[0], {}), row, facts.generation, now) for row in conditions]


def _optional_conditions(facts: Facts, verdict: Verdict) -> list[Row]:
    """The conditions of the optional parts."""
    rows: dict[str, Row] = {
        failure.condition: (failure.condition, False, failure.reason, failure.message)
        for failure in reversed(facts.failures)
        if failure.condition != "Ready"
    }
    if verdict.reason == reasons.ROUTE_CONFLICT:
        rows.setdefault("RouteReady", ("RouteReady", False, verdict.reason, verdict.message))
    if facts.missing_class:
        message = (
            f"found no IngressClass {facts.missing_class}, expected one: no controller serves the Ingress"
        )
        rows.setdefault("RouteReady", ("RouteReady", False, reasons.INGRESS_CLASS_NOT_FOUND, message))
    if facts.gateway_problem:
        row = ("RouteReady", False, reasons.ROUTE_NOT_ACCEPTED, facts.gateway_problem)
        rows.setdefault("RouteReady", row)
    for part in facts.parts:
        if part.missing:
            message = f"found no API for {' and '.join(part.missing)}, expected {part.api}"
            rows.setdefault(part.condition, (part.condition, False, reasons.CRD_NOT_INSTALLED, message))
        elif part.report and part.report.reason:
            report = part.report
            rows.setdefault(part.condition, (part.condition, report.works, report.reason, report.message))
        elif part.is_applied and part.applied:
            rows.setdefault(part.condition, (part.condition, True, part.applied, _applied(part)))
    if facts.former_route and "RouteReady" in rows and not rows["RouteReady"][1]:
        kind, works, reason, message = rows["RouteReady"]
        message += f"; until then the former {facts.former_route.kind.name} serves the requests"
        rows["RouteReady"] = (kind, works, reason, message)
    if facts.overrides and not facts.suspended:
        message = f"{'; '.join(facts.overrides)}: forced on every write, as by an admission policy"
        rows["ChildrenAsDeclared"] = ("ChildrenAsDeclared", False, reasons.VALUE_FORCED, message)
    proofs = facts.stable.proofs.values()
    reported = (pickles.condition(facts.pickle, proofs), signatures.condition(facts.verify, proofs))
    return [*rows.values(), *(row for row in reported if row)]


def _applied(part: Part) -> str:
    are, them = ("is", "it") if len(part.kinds) == 1 else ("are", "them")
    return f"{' and '.join(part.kinds)} {are} applied; whether a Prometheus selects {them} is not checked"


def _condition(before: Mapping[str, Any], row: Row, generation: int, now: str) -> dict[str, Any]:
    kind, holds, reason, message = row
    status = _STATUSES[holds]
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message[:_LONGEST_MESSAGE],
        "observedGeneration": generation,
        "lastTransitionTime": before["lastTransitionTime"] if before.get("status") == status else now,
    }


def _serving_version(facts: Facts, before: Mapping[str, Any]) -> tuple[str, str]:
    """The version and digest that pods prove; while pods prove two, the former one."""
    answers = [proof for proof in facts.stable.proofs.values() if not proof.failure]
    proven = Counter((proof.version, proof.digest) for proof in answers)
    if not proven:
        return "", ""
    known = before.get("servingVersion", ""), before.get("modelDigest", "")
    if facts.stable.proves_version() or known not in proven:
        return max(proven, key=lambda answer: (answer[0] == facts.stable.version, proven[answer], answer))
    return known
