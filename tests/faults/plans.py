"""From what passed in a fault-free run to the plans: one fault each. Pure.

A plan's name says everything that is needed to run it again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.harness.proxy_targets import Fault, Seen

WRITE_MODES: Final = (
    "kill-before", "kill-after", "stale", "stale-2", "500", "409", "429", "forbidden", "invalid",
    "quota", "hang", "late", "truncated", "outage", "blackout", "unreadable", "crd",
)  # fmt: skip
EVENT_MODES: Final = (
    "dropped",
    "duplicated",
    "delayed",
    "cut",
    "gap",
    "error-410",
    "error-500",
    "unwatchable",
)
_KILLING: Final = frozenset({"kill-before", "kill-after", "stale", "stale-2"})

REFUSALS: Final = ("forbidden", "invalid", "quota")

# Modes with the same consequence for the operator take turns over scenarios and kinds.
TURNS: Final[Mapping[tuple[str, ...], str]] = {
    ("500", "409", "429", "unreadable"): "refused: one line, and a retry after a wait",
    REFUSALS: "refused until somebody acts: the status has the cause, and the other children are made",
    ("hang", "late", "outage"): "no answer: the next pass finds the write or does not",
    ("stale", "stale-2"): "a new life with an old view: one or two of our own writes behind",
    ("duplicated", "cut"): "every event arrives, some twice: an older copy never replaces a newer one",
    (
        "error-410",
        "gap",
        "error-500",
        "unwatchable",
    ): "events are lost and a LIST follows that cannot tell of what was deleted",
}
# Children that are written and compared by the same lines of code, and of which no state is read: in each
# scenario another one stands for all.
_ALIKE: Final = frozenset(
    {
        "configmaps", "horizontalpodautoscalers", "ingresses", "networkpolicies", "poddisruptionbudgets",
        "prometheusrules", "serviceaccounts", "servicemonitors", "services",
    }
)  # fmt: skip
# What costs minutes, or concerns every lane: asked only of these.
_RARE: Final[Mapping[str, frozenset[tuple[str, str]]]] = {
    "blackout": frozenset({("version", "PATCH deployments/iris")}),
    "crd": frozenset(
        {
            ("create", "PATCH irismodels/iris/status"),
            ("recreate", "PATCH services/iris"),
            ("rivals", "PATCH irismodels/late/status"),
            ("suspend", "PATCH irismodels/iris/status"),
            ("version", "PATCH deployments/iris"),
        }
    ),
}
# These have kinds of children or transitions of their own; the rest of what happens in them happens in other
# scenarios, too.
_KILLED_OR_REFUSED: Final = frozenset({"kill-after", *REFUSALS})
_TRANSITIONS: Final = frozenset({"kill-after", "stale", "409", "dropped", *REFUSALS})
_FEW: Final[Mapping[str, frozenset[str]]] = {
    "canary": _KILLED_OR_REFUSED,
    "gateway": _KILLED_OR_REFUSED,
    "stepped_bad": _TRANSITIONS,
    "stepped_withdrawn": _TRANSITIONS,
    "stepped_superseded": _TRANSITIONS,
}
# Told when no other plan is.
ALONE: Final = frozenset({"crd"})


@dataclass(frozen=True, slots=True, order=True)
class Plan:
    """One fault in one scenario."""

    scenario: str
    mode: str
    target: Seen

    @property
    def name(self) -> str:
        return f"{self.scenario}:{self.mode}:{self.target.what} {self.target.signature}#{self.target.number}"

    @property
    def ending(self) -> bool:
        """The operator ends once: killed, or because Kopf's watch of IrisModels is broken for good."""
        return self.mode in _KILLING or (self.mode == "error-500" and " irismodels/" in self.target.signature)

    @property
    def kind(self) -> str:
        """The plural of what it is aimed at."""
        return self.target.signature.split()[1].partition("/")[0]

    @property
    def refuses_child(self) -> bool:
        """A child is refused for a time; a status or an event in which to report that is not."""
        return self.mode in REFUSALS and self.kind not in ("irismodels", "events")

    @property
    def fault(self) -> Fault:
        return Fault(self.mode, self.target)


def parse(name: str) -> Plan:
    """The plan of this name. Raises ValueError."""
    scenario, mode, rest = name.split(":", 2)
    signature, _, number = rest.rpartition("#")
    what, _, signature = signature.partition(" ")
    if mode not in (WRITE_MODES if what == "write" else EVENT_MODES):
        raise ValueError(f"plan {name!r}: found mode {mode!r}, expected one that fits a {what}")
    return Plan(scenario, mode, Seen(what, signature, int(number)))


def of_scenario(scenario: str, traces: Sequence[Sequence[Seen]], known: Iterable[Seen] = ()) -> list[Plan]:
    """Every write and watch event that all traces share, with every mode.

    What is `known` from the beginning that all scenarios have in common is planned there, once.
    """
    shared = set(traces[0]).intersection(*traces[1:])
    targets = sorted({*_writes(shared), *_ends(shared)} - set(known))
    made = (
        Plan(scenario, mode, target)
        for target in targets
        for mode in (WRITE_MODES if target.what == "write" else EVENT_MODES)
    )
    return sorted(plan for plan in made if _asks_something(plan))


def _asks_something(plan: Plan) -> bool:
    if plan.scenario in _FEW and plan.mode not in _FEW[plan.scenario]:
        return False
    return plan.mode not in _RARE or (plan.scenario, _place(plan.target)) in _RARE[plan.mode]


def _place(target: Seen) -> str:
    """Verb and object, without the state of a status."""
    return " ".join(target.signature.split()[:2])


def distinct(plans: Iterable[Plan]) -> list[Plan]:
    """One plan of each kind that may end differently: by scenario, mode, verb and kind of object.

    Of equal writes or events of a scenario the last stands for all: the first mostly belongs to the beginning
    that all scenarios share. A kill before a write leaves what a kill after the one before leaves, so it is
    asked only of the first write of a scenario. The rest stands at TURNS and _ALIKE. Each kind of
    child is refused once in each way, whatever these leave out.
    """
    ordered = sorted(plans)
    scenarios = sorted({plan.scenario for plan in ordered})
    classes = sorted({_class(plan) for plan in ordered})
    same: dict[tuple[str, str, str], list[Plan]] = defaultdict(list)
    for plan in ordered:
        same[plan.scenario, plan.mode, _class(plan)].append(plan)
    chosen = []
    for (scenario, mode, kind), candidates in same.items():
        turn = scenarios.index(scenario) + classes.index(kind)
        group = next((modes for modes in TURNS if mode in modes), (mode,))
        names = sorted({plan.target.signature for plan in candidates})
        picked = names[turn % len(names)] if kind.endswith(_OTHERS) else names[-1]
        if group[turn % len(group)] == mode:
            chosen.append(max(plan for plan in candidates if plan.target.signature == picked))
    first = {
        scenario: min(plan.target for plan in chosen if plan.scenario == scenario) for scenario in scenarios
    }
    wanted = [plan for plan in chosen if plan.mode != "kill-before" or plan.target == first[plan.scenario]]
    return sorted([*wanted, *_further_refusals(ordered, wanted)])


def _further_refusals(every: Iterable[Plan], wanted: Iterable[Plan]) -> Iterator[Plan]:
    """Refusals of a write and a kind that are not wanted yet, in the shortest scenario if it has them.

    A removal is refused by missing rights alone: a quota and a schema look at what is written.
    """
    known = {(_verb(plan), plan.kind, plan.mode) for plan in wanted}
    for plan in sorted(every, key=lambda plan: (plan.scenario != "create", -plan.target.number, plan)):
        refusal = _verb(plan), plan.kind, plan.mode
        if (
            not plan.refuses_child
            or refusal in known
            or (_verb(plan) == "DELETE" and plan.mode != "forbidden")
        ):
            continue
        known.add(refusal)
        yield plan


def _verb(plan: Plan) -> str:
    return plan.target.signature.split()[0]


_OTHERS: Final = "children that are alike"


def _class(plan: Plan) -> str:
    """Write or event, its verb, the kind of object, and of a model the state of its rollout."""
    verb, place, *state = plan.target.signature.split()
    kind, _, name = place.partition("/")
    kind = _OTHERS if kind in _ALIKE else "status" if name.endswith("/status") else kind
    _generation_and_reason, rollout = state[:2], state[2:]
    return " ".join([plan.target.what, verb, kind, *rollout])


def _writes(shared: Iterable[Seen]) -> list[Seen]:
    """Events that people read carry no state: the first stands for all."""
    writes = [seen for seen in shared if seen.what == "write"]
    last = _last(writes)
    return [
        seen
        for seen in writes
        if seen.number == 1
        or (not seen.signature.startswith("POST events") and seen.number <= _sure(seen, last[seen.signature]))
    ]


def _last(seen: Iterable[Seen]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for one in seen:
        numbers[one.signature] = max(one.number, numbers.get(one.signature, 0))
    return numbers


def _sure(target: Seen, last: int) -> int:
    """The last number that surely comes again: how often counters of a status change on the way differs."""
    if _place(target) != target.signature:
        return 1
    return max(1, last * 3 // 4) if target.signature.startswith("MODIFIED") else last


def _ends(shared: Iterable[Seen]) -> list[Seen]:
    """The first and the last event of each signature: those between change counters of the status."""
    last = _last(seen for seen in shared if seen.what == "event")
    return [
        Seen("event", signature, number)
        for signature, found in last.items()
        for number in {1, _sure(Seen("event", signature, 1), found)}
    ]
