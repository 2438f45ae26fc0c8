"""`status.history`: which versions were asked for and what became of them, newest first. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from iris_operator import reasons

_LONGEST: Final = 10


def extend(
    before: Sequence[Mapping[str, Any]],
    *,
    version: str,
    digest: str,
    outcome: str,
    now: str,
    revision: str = "",
) -> list[dict[str, Any]]:
    """The history with today's state of the declared version at its head."""
    entries = [dict(entry) for entry in before]
    if not entries or entries[0]["version"] != version:
        if entries:
            entries[0].update(until=now, outcome=_closed(entries[0]))
        entries.insert(0, {"version": version, "from": now} | ({"revision": revision} if revision else {}))
    entries[0]["outcome"] = outcome
    if digest and outcome == reasons.SERVING:
        entries[0]["digest"] = digest
    return entries[:_LONGEST]


def _closed(entry: Mapping[str, Any]) -> str:
    """How an outcome reads once another version has taken the place; a digest says that it has served."""
    outcome = str(entry.get("outcome", ""))
    if outcome not in (reasons.SERVING, reasons.PROGRESSING):
        return outcome
    return "Served" if "digest" in entry else "Superseded"
