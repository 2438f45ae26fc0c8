"""The share of the requests that the candidate is to get, and since when it does. Pure.

`weight` in the status is decided before the route is written, at `weightAt`; `routedAt` is when the route's
controller had accepted it. All are absent while nobody is routed to a candidate.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from iris_operator.decide.rollout_facts import RolloutFacts

# An accepted route needs a moment until every router follows it: measured up to 1.9 s.
SETTLE_SECONDS: Final = 5.0
_CLOCKS: Final = ("weightAt", "routedAt", "stepSince", "baseline", "expectedBy", "missing")
_RESULTS: Final = ("gates", "looks", "observedPerMille")


def directed(facts: RolloutFacts, status: Mapping[str, Any], percent: int) -> dict[str, Any]:
    """The status with this weight, and with the moment from which on the route has it."""
    if status.get("weight") != percent:
        return {**_without(status, ("routedAt",)), "weight": percent, "weightAt": facts.moment}
    status = {"weightAt": facts.moment, **status}
    if "routedAt" in status or facts.split.percent != percent or not facts.split.is_settled:
        return status
    return {**status, "routedAt": facts.moment}


def is_drained(facts: RolloutFacts) -> bool:
    """Whether the last request has reached the candidate. A Gateway that never answers is not awaited."""
    if facts.before.get("weight") != 0:
        return False
    settled = (facts.seconds_since("routedAt") or 0.0) >= SETTLE_SECONDS
    waited = timedelta(seconds=facts.seconds_since("weightAt") or 0.0)
    return settled or waited >= facts.candidate.deadline


def forgotten(status: Mapping[str, Any]) -> dict[str, Any]:
    """The status once nobody is routed to a candidate; the last results of the gates stay."""
    return _without(status, ("weight", "step", *_CLOCKS))


def begun(status: Mapping[str, Any], step: int) -> dict[str, Any]:
    """The status at the beginning of a step: each has its own counts."""
    return {**_without(status, (*_CLOCKS, *_RESULTS)), "step": step}


def suspended(status: Mapping[str, Any]) -> dict[str, Any]:
    """The status without what goes on in a suspension: a step begins anew after it."""
    stopped = _without(status, ("since",))
    return _without(stopped, (*_CLOCKS, *_RESULTS)) if "weight" in status else stopped


def _without(status: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in status.items() if name not in names}
