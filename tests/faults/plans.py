"""From what passed in a fault-free run to the plans: one fault each. Pure.

A plan's name says everything that is needed to run it again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tests.harness.proxy_targets import Fault, Seen

WRITE_MODES: Final = ("kill-before", "kill-after", "500", "409", "429", "hang", "late", "truncated", "outage")
EVENT_MODES: Final = ("dropped", "duplicated", "delayed", "cut", "error-410", "error-500")


@dataclass(frozen=True, slots=True, order=True)
class Plan:
    """One fault in one story."""

    story: str
    mode: str
    target: Seen

    @property
    def name(self) -> str:
        return f"{self.story}:{self.mode}:{self.target.what} {self.target.signature}#{self.target.number}"

    @property
    def fault(self) -> Fault:
        return Fault(self.mode, self.target)


def parse(name: str) -> Plan:
    """The plan of this name. Raises ValueError."""
    story, mode, rest = name.split(":", 2)
    signature, _, number = rest.rpartition("#")
    what, _, signature = signature.partition(" ")
    if mode not in (WRITE_MODES if what == "write" else EVENT_MODES):
        raise ValueError(f"plan {name!r}: found mode {mode!r}, expected one that fits a {what}")
    return Plan(story, mode, Seen(what, signature, int(number)))


def of_story(story: str, traces: Sequence[Sequence[Seen]], known: Iterable[Seen] = ()) -> list[Plan]:
    """Every write and watch event that all traces share, with every mode.

    What is `known` from the beginning that all stories have in common is planned there, once.
    """
    shared = set(traces[0]).intersection(*traces[1:])
    targets = sorted({*_writes(shared), *_ends(shared)} - set(known))
    return sorted(
        Plan(story, mode, target)
        for target in targets
        for mode in (WRITE_MODES if target.what == "write" else EVENT_MODES)
    )


def _writes(shared: Iterable[Seen]) -> list[Seen]:
    """Events that people read carry no state: the first stands for all."""
    writes = [seen for seen in shared if seen.what == "write"]
    last = _last(writes)
    return [
        seen
        for seen in writes
        if seen.number == 1
        or (
            not seen.signature.startswith("POST events")
            and seen.number <= _sure(seen.signature, last[seen.signature])
        )
    ]


def _last(seen: Iterable[Seen]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for one in seen:
        numbers[one.signature] = max(one.number, numbers.get(one.signature, 0))
    return numbers


def _sure(signature: str, last: int) -> int:
    """The last number that surely comes again: how often a status changes on the way differs."""
    return (
        max(1, last * 3 // 4) if signature.endswith("/status") or signature.startswith("MODIFIED") else last
    )


def _ends(shared: Iterable[Seen]) -> list[Seen]:
    """The first and the last event of each signature: those between change counters of the status."""
    last = _last(seen for seen in shared if seen.what == "event")
    return [
        Seen("event", signature, number)
        for signature, found in last.items()
        for number in {1, _sure(signature, found)}
    ]
