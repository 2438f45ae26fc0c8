"""What happened during a run, and which part of it belongs to one request. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# A terminating pod may answer for a few seconds, and a router may learn of it late.
_BEFORE_SECONDS: Final = 12.0
_AFTER_SECONDS: Final = 2.0
_CHANGE: Final = "change "


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a pod, an EndpointSlice, the model or the client, when the client saw it."""

    at: float
    text: str


def change(number: int, kind: str) -> str:
    return f"{_CHANGE}{number}: {kind}"


def around(entries: Sequence[Entry], began: float, ended: float) -> list[str]:
    """The entries near a request and the change that it fell into, with seconds from the request's begin."""
    ordered = sorted(entries, key=lambda each: each.at)
    near = [each for each in ordered if began - _BEFORE_SECONDS <= each.at <= ended + _AFTER_SECONDS]
    changes = [each for each in ordered if each.text.startswith(_CHANGE) and each.at <= began]
    if changes and changes[-1] not in near:
        near.insert(0, changes[-1])
    return [f"{each.at - began:+.2f} s: {each.text}" for each in near]
