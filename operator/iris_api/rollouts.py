"""Words of `spec.rollout` and `status.rollout`, as in docs/rollouts.md, and its numbers as text. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

# spec.rollout.strategy
IMMEDIATE: Final = "Immediate"
CANARY: Final = "Canary"

# spec.rollout.approval
AUTOMATIC: Final = "Automatic"
MANUAL: Final = "Manual"

# spec.rollout.notEnough
HOLD: Final = "Hold"
PROMOTE: Final = "Promote"
ROLL_BACK: Final = "RollBack"

# status.rollout.state
PREPARING: Final = "Preparing"  # the candidate's pods start, prove their version, and are compared
STEPPING: Final = "Stepping"  # a step before the last: some requests, and nothing may fail
JUDGING: Final = "Judging"  # the last step: every gate has to pass
HELD: Final = "Held"  # paused, or the evidence did not suffice in time
AWAITING_APPROVAL: Final = "AwaitingApproval"
PROMOTING: Final = "Promoting"  # the stable pods are replaced
PROMOTED: Final = "Promoted"  # the last rollout, until the next one begins
ROLLING_BACK: Final = "RollingBack"  # the candidate loses its requests, or the former version comes back
ROLLED_BACK: Final = "RolledBack"  # the candidate was refused; not tried again until the spec changes

# Something is still to be decided or done without a commit.
UNDER_WAY: Final = (PREPARING, STEPPING, JUDGING, HELD, AWAITING_APPROVAL, PROMOTING)
# A commit decides otherwise.
UNDECIDED: Final = (*UNDER_WAY, ROLLING_BACK, ROLLED_BACK)
ENDED: Final = (PROMOTED, ROLLED_BACK)


def numbers(body: Mapping[str, Any]) -> Iterator[str]:
    """What the requests have shown so far: a sentence for each gate that was judged."""
    rollout = (body.get("status") or {}).get("rollout") or {}
    limits = ((body.get("spec") or {}).get("rollout") or {}).get("gates") or {}
    for gate in rollout.get("gates", ()):
        if "lowPerMille" in gate:
            yield f"gate {gate['name']} {gate['verdict']}: {_difference(gate, limits)}"


def _difference(gate: Mapping[str, Any], limits: Mapping[str, Any]) -> str:
    shares = (
        f"{gate['canaryPerMille']} against {gate['stablePerMille']}, " if "canaryPerMille" in gate else ""
    )
    needs = f", needs about {gate['needed']} more" if "needed" in gate else ""
    limit = limits.get(gate["name"] + "PerMille", "?")
    requests = "1 request" if gate["requests"] == 1 else f"{gate['requests']} requests"
    return (
        f"{shares}difference {gate['lowPerMille']} to {gate['highPerMille']} per 1,000, at most {limit} "
        f"({requests}{needs})"
    )
