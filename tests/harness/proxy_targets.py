"""What a fault can be aimed at: a write or a watch event, by what it is about and its number. Pure.

Names that the API server makes up (pods, ReplicaSets, events) are left out, so that a target of one run
exists in the next. A status of an IrisModel is named by its generation, its reason and the state of its
rollout instead of counted: how often it changes on the way to Ready depends on the load of the machine.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_MADE_UP: Final = frozenset({"pods", "replicasets", "events"})


@dataclass(frozen=True, slots=True, order=True)
class Seen:
    """The `number`-th write or watch event with this signature."""

    what: str  # "write" or "event"
    signature: str
    number: int


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one target."""

    mode: str
    target: Seen


@dataclass(frozen=True, slots=True)
class Call:
    """One request that is no watch."""

    method: str
    plural: str
    name: str
    subresource: str
    body: bytes

    @classmethod
    def parse(cls, method: str, path: str, body: bytes) -> "Call":
        _, found, place = path.partition("/namespaces/")
        parts = place.split("/")[1:] if found else []
        plural, name, subresource = [*parts, "", "", ""][:3]
        return cls(method, plural, name, subresource, body)

    @property
    def verb(self) -> str:
        """As rights name it, but for a GET of many."""
        return self.method if self.method != "GET" or self.name else "LIST"

    @property
    def writes(self) -> bool:
        return self.method != "GET" and self.plural != ""

    @property
    def signature(self) -> str:
        name = "*" if self.plural in _MADE_UP else self.name
        place = "/".join(part for part in (f"{self.method} {self.plural}", name, self.subresource) if part)
        if (self.plural, self.subresource) != ("irismodels", "status"):
            return place
        status = json.loads(self.body or b"{}").get("status", {})
        return f"{place} {_state(status, status.get('observedGeneration'))}".rstrip()


@dataclass(frozen=True, slots=True)
class Denied:
    """Verbs on a kind that are refused until a moment, in the way of a mode."""

    mode: str = ""
    verbs: frozenset[str] = frozenset()
    plural: str = ""
    until: float = 0.0

    def covers(self, verb: str, plural: str, now: float) -> bool:
        return verb in self.verbs and plural == self.plural and now < self.until


def event_signature(plural: str, kind: str, body: Mapping[str, Any]) -> str:
    """As `Call.signature`, for a watch event."""
    name = "*" if plural in _MADE_UP else body["metadata"]["name"]
    if (kind, plural) != ("MODIFIED", "irismodels"):
        return f"{kind} {plural}/{name}"
    return f"{kind} {plural}/{name} {_state(body.get('status', {}), body['metadata']['generation'])}".rstrip()


def _state(status: Mapping[str, Any], generation: object) -> str:
    """The generation, the reason of Ready once observed, and the state and weight of a rollout."""
    if generation is None:
        return ""
    rows = status.get("conditions", ()) if status.get("observedGeneration") == generation else ()
    reason = next((row["reason"] for row in rows if row["type"] == "Ready"), "unobserved")
    rollout = status.get("rollout") or {}
    weight = [f"{rollout['weight']}%"] if "weight" in rollout else []
    return " ".join([str(generation), reason, *([rollout["state"], *weight] if rollout else [])])
