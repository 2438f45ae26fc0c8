"""The ways out of a rollout: the candidate loses its requests, then its pods. Pure.

The plan keeps the candidate until the route's controller has accepted that it gets no request.
"""

from collections.abc import Mapping
from typing import Any, Final

from iris_api import reasons, rollouts

from iris_operator.decide import candidates, split_requests, verdict
from iris_operator.decide.rollout_facts import RolloutFacts, Step, alone
from iris_operator.decide.verdict import RolloutReport

POLL_SECONDS: Final = 1.0
_LONGEST_MESSAGE: Final = 1024


def begin(facts: RolloutFacts, reason: str, message: str, *, known: Mapping[str, Any] | None = None) -> Step:
    """Refuse the candidate; `known` is what the status also has to say about it."""
    is_back = facts.state != rollouts.PROMOTING and not facts.is_split
    state = rollouts.ROLLED_BACK if is_back else rollouts.ROLLING_BACK
    status = {name: value for name, value in facts.before.items() if name != "since"}
    revision = (facts.before.get("candidate") or {}).get("revision")
    status |= {
        **(known or {}),
        "state": state,
        "summary": f"{state} {facts.version}",
        "rejected": {
            "version": facts.version,
            "digest": facts.digest(),
            **({"revision": revision} if revision else {}),
            "declaration": candidates.declaration(facts.policy, facts.declared),
            "reason": reason,
            "message": message[:_LONGEST_MESSAGE],
            "at": facts.moment,
        },
    }
    return back(facts, status)


def back(facts: RolloutFacts, status: Mapping[str, Any]) -> Step:
    """The stable version serves again, or is on its way."""
    is_drained = not facts.is_split or split_requests.is_drained(facts)
    status = split_requests.forgotten(status) if is_drained else split_requests.directed(facts, status, 0)
    serves_again = facts.serving.serves_version()
    rejected = status["rejected"]
    if status["state"] == rollouts.ROLLING_BACK and serves_again and is_drained:
        summary = f"{rollouts.ROLLED_BACK} {rejected['version']}"
        status = {**status, "state": rollouts.ROLLED_BACK, "summary": summary}
    serves = "is serving" if serves_again else "is being restored"
    message = (
        f"version {rejected['version']} was rolled back ({rejected['reason']}: {rejected['message']}); "
        f"version {facts.former.version} {serves}"
    )
    found = verdict.stalled(reasons.ROLLED_BACK, message)
    plan = alone(facts.former, keeps_candidate=not is_drained)
    return Step(plan, RolloutReport(status, found, [] if is_drained else [POLL_SECONDS]))


def drain(facts: RolloutFacts) -> Step:
    """The rollout was withdrawn, superseded or switched off while the candidate had requests."""
    version = (facts.before.get("candidate") or {}).get("version", "")
    state = {"state": rollouts.ROLLING_BACK, "summary": f"{rollouts.ROLLING_BACK} {version}"}
    status = split_requests.directed(facts, facts.before, 0) | state
    message = f"version {version} is no longer declared; its requests go back to the stable version"
    report = RolloutReport(status, verdict.progressing(message), [POLL_SECONDS])
    return Step(alone(facts.former, keeps_candidate=True), report)
