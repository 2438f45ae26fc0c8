"""What the requests of one step say so far, and what is still missing. Pure.

Counts begin some seconds after the route was accepted, at a baseline that the status has: an operator that
takes over continues with the same counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from typing import Any, Final

import msgspec
from iris_api import rollouts

from iris_operator.decide import traffic_gates
from iris_operator.decide.candidates import BASELINE_SECONDS
from iris_operator.decide.rollout_facts import RolloutFacts, TrafficCounts
from iris_operator.decide.traffic_gates import Evidence
from iris_operator.observe.traffic import PodTraffic, Traffic

# The largest difference from the declared share at which the requests are a random sample: per 1,000
# requests, and as a part of the declared share. The smaller one applies.
_DEVIATION: Final = 30
_DEVIATION_OF_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Result:
    known: Mapping[str, Any]  # the status with it
    failure: str = ""
    has_passed: bool = False  # every gate, on a sample of the declared size
    may_advance: bool = False  # no gate has failed for as long as a step takes
    is_overdue: bool = False


def of(facts: RolloutFacts, status: Mapping[str, Any]) -> Result:
    """`status` has the moment from which on the route has the share."""
    is_overdue = _is_overdue(facts)
    if (facts.seconds_since("routedAt") or 0.0) < BASELINE_SECONDS:
        return Result({**status, "missing": "waiting for the share of the requests to settle"})
    if facts.traffic is None or facts.traffic.failure:
        why = facts.traffic.failure if facts.traffic else "the pods were not asked"
        return Result({**status, "missing": f"found no request counts: {why}"}, is_overdue=is_overdue)
    if "baseline" not in status:
        return Result(_begun(facts, status, facts.traffic), is_overdue=is_overdue)
    candidate = _in_step(facts.traffic.candidate, status["baseline"])
    stable = _in_step(facts.traffic.stable, status["baseline"])
    gates = facts.policy.gates
    evidence = traffic_gates.look(gates, status.get("gates", ()), candidate=candidate, stable=stable)
    share = _share(candidate, stable)
    known = _looked(status, evidence, share) if evidence.has_looked else dict(status)
    if status["step"] >= len(facts.policy.steps) and evidence.has_looked:
        known |= _missing(facts, known, evidence, candidate.requests)
    is_sample = facts.state == rollouts.AWAITING_APPROVAL or _is_sample(share, status["weight"])
    has_passed = is_sample and not evidence.lacking
    elapsed = facts.seconds_since("stepSince") or 0.0
    return Result(
        {**known, **_observed(share), "missing": ""} if has_passed else known,
        failure=evidence.failure,
        has_passed=has_passed,
        may_advance=elapsed >= facts.policy.step_seconds,
        is_overdue=is_overdue,
    )


def restarted(facts: RolloutFacts) -> str:
    """The name of a pod of the candidate whose counts have begun anew in this step."""
    containers = {row["pod"]: row["container"] for row in facts.before.get("baseline", ())}
    for pod in facts.candidate.workload.newest:
        if pod.container_id and containers.get(pod.uid, pod.container_id) != pod.container_id:
            return pod.name
    return ""


def _is_overdue(facts: RolloutFacts) -> bool:
    """A step that is not the last one can only lack counts."""
    since = facts.seconds_since("stepSince" if "stepSince" in facts.before else "routedAt")
    is_last = facts.before.get("step", 1) >= len(facts.policy.steps)
    waits = facts.before.get("baseline") is None or is_last
    return waits and since is not None and since >= facts.policy.decide_seconds


def _begun(facts: RolloutFacts, status: Mapping[str, Any], traffic: TrafficCounts) -> dict[str, Any]:
    rows = [_row(pod) for pod in (*traffic.stable, *traffic.candidate)]
    is_last = status["step"] >= len(facts.policy.steps)
    begun = {**status, "baseline": rows, "stepSince": facts.moment, "looks": 0}
    if is_last:
        return {**begun, "missing": "waiting for requests"}
    ends = _moment(facts, facts.policy.step_seconds)
    return {**begun, "expectedBy": ends, "missing": f"the next step begins at {ends} unless a gate fails"}


def _row(pod: PodTraffic) -> dict[str, Any]:
    return {"pod": pod.pod, "container": pod.container, **msgspec.to_builtins(pod.traffic)}


def _in_step(pods: Iterable[PodTraffic], baseline: Iterable[Mapping[str, Any]]) -> Traffic:
    """A container that is not in the baseline has started since."""
    before = {row["container"]: row for row in baseline}
    counts = [pod.traffic - _parsed(before.get(pod.container, {})) for pod in pods]
    return reduce(Traffic.__add__, counts, Traffic())


def _parsed(row: Mapping[str, Any]) -> Traffic:
    return msgspec.convert({k: v for k, v in row.items() if k not in ("pod", "container")}, Traffic)


def _share(candidate: Traffic, stable: Traffic) -> int:
    """Of the requests that reached the candidate, per 1,000; -1 without any."""
    asked = candidate.requests + stable.requests
    return round(1000 * candidate.requests / asked) if asked else -1


def _is_sample(share: int, percent: int) -> bool:
    return share >= 0 and abs(share - 10 * percent) <= _deviation(percent)


def _deviation(percent: int) -> float:
    """The allowed difference from the declared share, per 1,000 requests: 2 % instead of 5 % is too far."""
    return min(_DEVIATION, _DEVIATION_OF_SHARE * 10 * percent)


def _looked(status: Mapping[str, Any], evidence: Evidence, share: int) -> dict[str, Any]:
    known = {**status, "gates": [dict(row) for row in evidence.rows], "looks": status.get("looks", 0) + 1}
    return known | _observed(share)


def _observed(share: int) -> dict[str, Any]:
    return {"observedPerMille": share} if share >= 0 else {}


def _missing(
    facts: RolloutFacts, known: Mapping[str, Any], evidence: Evidence, requests: int
) -> dict[str, Any]:
    if not evidence.lacking:
        share = known.get("observedPerMille", 0) / 10
        deviation = _deviation(known["weight"]) / 10
        found = f"found {share:g} % of the requests at the candidate"
        return {"missing": f"{found}, expected {known['weight']} ± {deviation:g} %"}
    names, elapsed = ", ".join(evidence.lacking), facts.seconds_since("stepSince") or 0.0
    if evidence.needed is None:
        return {"missing": f"cannot pass {names} unless the observed rates change"}
    if requests == 0 or elapsed == 0:
        return {"missing": f"needs about {evidence.needed} requests, found none ({names})"}
    seconds = evidence.needed * elapsed / requests
    needs = (
        f"needs about {evidence.needed} more requests, {max(1, round(seconds / 60))} min at the present rate"
    )
    return {"missing": f"{needs} ({names})", "expectedBy": _moment(facts, min(seconds, 1e8))}


def _moment(facts: RolloutFacts, seconds: float) -> str:
    return (facts.now + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
