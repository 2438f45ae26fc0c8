"""Facts and verdict to status: the whole status of an IrisModel, computed once at the end of a pass. Pure."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from iris_operator import reasons
from iris_operator.decide import checks, history
from iris_operator.decide.checks import Facts, Verdict

_LONGEST_MESSAGE: Final = 1024


def build(facts: Facts, verdict: Verdict, before: Mapping[str, Any]) -> dict[str, Any]:
    """The whole status; equal to `before` when there is nothing new to say."""
    now = facts.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    serving, digest = _serving_version(facts, before)
    status = {
        "observedGeneration": facts.generation,
        "servingVersion": serving,
        "modelDigest": digest,
        "replicas": facts.workload.replicas,
        "readyReplicas": facts.workload.ready,
        "selector": facts.selector,
        "url": facts.url,
        "conditions": _conditions(facts, verdict, before.get("conditions", ()), now),
        "history": history.extend(
            before.get("history", ()),
            version=facts.version,
            digest=digest,
            outcome=verdict.reason,
            now=now,
            revision=facts.source.get("revision", ""),
        ),
    }
    return status | ({"source": dict(facts.source)} if facts.source else {})


def _conditions(facts: Facts, verdict: Verdict, before: Any, now: str) -> list[dict[str, Any]]:
    answering = sum(not proof.failure for proof in facts.proofs.values())
    conditions = [
        ("Ready", verdict.ready, verdict.reason, verdict.message),
        (
            "Available",
            answering > 0,
            reasons.PODS_AVAILABLE if answering else reasons.NO_POD_AVAILABLE,
            f"{answering} pods answer" if answering else "no pod answers",
        ),
    ]
    if verdict.reconciling:
        conditions.append(("Reconciling", True, verdict.reason, verdict.message))
    if verdict.stalled:
        conditions.append(("Stalled", True, verdict.reason, verdict.message))
    conditions += _optional_conditions(facts, verdict)
    known = {condition["type"]: condition for condition in before}
    return [_condition(known.get(row[0], {}), row, facts.generation, now) for row in conditions]


def _optional_conditions(facts: Facts, verdict: Verdict) -> list[tuple[str, bool, str, str]]:
    """Of what a model can serve without."""
    kinds = dict.fromkeys(failure.condition for failure in facts.failures if failure.condition != "Ready")
    failures = [checks.failure_of(facts, kind) for kind in kinds]
    rows = [(found.condition, False, found.reason, found.message) for found in failures if found]
    if "RouteReady" not in kinds:
        if facts.routed:
            rows.append(("RouteReady", True, reasons.ROUTE_APPLIED, f"the Ingress routes {facts.url}"))
        elif verdict.reason == reasons.ROUTE_CONFLICT:
            rows.append(("RouteReady", False, verdict.reason, verdict.message))
    if "MonitoringReady" not in kinds:
        if facts.uninstalled:
            names = " and ".join(facts.uninstalled)
            message = f"found no API for {names}, expected the CRDs of Prometheus Operator"
            rows.append(("MonitoringReady", False, reasons.CRD_NOT_INSTALLED, message))
        elif facts.monitored:
            message = "Prometheus Operator is told what to do"
            rows.append(("MonitoringReady", True, reasons.MONITORING_APPLIED, message))
    return rows


def _condition(
    before: Mapping[str, Any], row: tuple[str, bool, str, str], generation: int, now: str
) -> dict[str, Any]:
    kind, true, reason, message = row
    status = "True" if true else "False"
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message[:_LONGEST_MESSAGE],
        "observedGeneration": generation,
        "lastTransitionTime": before["lastTransitionTime"] if before.get("status") == status else now,
    }


def _serving_version(facts: Facts, before: Mapping[str, Any]) -> tuple[str, str]:
    """Version and digest that pods prove: while two answer, the one that served before."""
    proven = Counter((proof.version, proof.digest) for proof in facts.proofs.values() if not proof.failure)
    if not proven:
        return "", ""
    known = before.get("servingVersion", ""), before.get("modelDigest", "")
    if facts.serves_declared() or known not in proven:
        return max(proven, key=lambda answer: (answer[0] == facts.version, proven[answer], answer))
    return known
