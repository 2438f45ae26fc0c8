"""`status.history`: which versions were asked for and what became of them, newest first. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from iris_api import reasons

_LONGEST: Final = 10
_NOT_FAILED: Final = (reasons.SERVING, reasons.PROGRESSING, reasons.SUSPENDED, reasons.SCALED_TO_ZERO)


def extend(
    before: Sequence[Mapping[str, Any]],
    *,
    version: str,
    digest: str,
    outcome: str,
    serving: str,
    now: str,
    revision: str = "",
) -> list[dict[str, Any]]:
    """The history with the declared version first. A version that still serves keeps its entry open."""
    entries = [dict(entry) for entry in before]
    if not entries or entries[0]["version"] != version:
        entries.insert(0, {"version": version, "from": now} | ({"revision": revision} if revision else {}))
    for entry in entries[1:]:
        if "until" not in entry:
            serves = entry["version"] == serving and serving != version
            entry["outcome"] = _replaced(entry, serves=serves)
            if not serves:
                entry["until"] = now
    entries[0]["outcome"] = outcome
    if digest and outcome == reasons.SERVING:
        if "digest" not in entries[0]:
            entries[0]["servedFrom"] = now
        entries[0]["digest"] = digest
    return entries[:_LONGEST]


def attribute(entries: Sequence[Mapping[str, Any]], revision: str) -> list[Mapping[str, Any]]:
    """The newest entry by the commit that could not be read when its version was declared."""
    return [{"revision": revision, **entry} for entry in entries[:1]] + list(entries[1:])


def _replaced(entry: Mapping[str, Any], *, serves: bool) -> str:
    """The outcome of a version that is no longer declared; one with a digest has served."""
    outcome = str(entry.get("outcome", ""))
    if outcome not in _NOT_FAILED:
        return outcome
    if "digest" in entry or outcome == reasons.SERVING:
        return reasons.SERVING if serves else "Served"
    return "Superseded" if outcome == reasons.PROGRESSING else outcome
