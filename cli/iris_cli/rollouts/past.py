"""What the cluster still has of former rollouts: events, and the last rollout in `status.rollout`. Pure.

Events end when the API server deletes them, after an hour by default; the status has only the last rollout.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from iris_api import reasons

from iris_cli import cluster_events, durations
from iris_cli.kubectl import Body
from iris_cli.rollouts import report

COLUMNS: Final = ("TIME", "VERSION", "EVENT", "DETAIL")
NOTE: Final = (
    "The cluster keeps the last rollout in status.rollout, and the events of rollouts for an hour unless its "
    "API server is set otherwise. Of older rollouts only the outcome above remains."
)
UNREAD: Final = "This user may not list events: only the last rollout in status.rollout is shown."
_OF_ROLLOUTS: Final = frozenset(
    {
        reasons.ROLLOUT_STARTED,
        reasons.STEP_REACHED,
        reasons.ROLLOUT_HELD,
        reasons.ROLLOUT_PAUSED,
        reasons.AWAITING_APPROVAL,
        reasons.SPLIT_IMPOSSIBLE,
        reasons.STABLE_LOST,
        reasons.ROLLOUT_PROMOTED,
        reasons.ROLLED_BACK,
        reasons.ROLLOUT_WITHDRAWN,
        reasons.ROLLOUT_SKIPPED,
    }
)
_VERSION: Final = re.compile(r"\bversion ([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
# Between a moment in the status and its event.
_SAME: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Happened:
    """One transition of a rollout."""

    at: datetime
    version: str
    event: str
    detail: str

    def cells(self) -> list[str]:
        return [_text(self.at), self.version or report.NOTHING, self.event, self.detail]


def of(body: Body, events: Iterable[Body]) -> list[Happened]:
    """Newest first."""
    reported = list(_from_events(body, events))
    kept = [one for one in _from_status(body) if not any(_is_same(one, other) for other in reported)]
    return sorted([*reported, *kept], key=lambda one: one.at, reverse=True)


def attached(entries: Sequence[Mapping[str, Any]], happened: Iterable[Happened]) -> list[dict[str, Any]]:
    """`status.history` for programs: each version with what is left of its rollout, oldest first."""
    known = [dict(entry) for entry in entries]
    for one in sorted(happened, key=lambda one: one.at):
        entry = _entry(known, one)
        if entry is not None:
            row = {"at": _text(one.at), "event": one.event, "detail": one.detail}
            entry.setdefault("rollout", []).append(row)
    return known


def _from_events(body: Body, events: Iterable[Body]) -> Iterator[Happened]:
    for event in events:
        about, moment = event.get("involvedObject") or {}, cluster_events.moment_of(event)
        is_ours = about.get("kind") == "IrisModel" and about.get("name") == body["metadata"]["name"]
        if is_ours and moment and event.get("reason") in _OF_ROLLOUTS:
            detail = str(event.get("message", ""))
            found = _VERSION.search(detail)
            yield Happened(moment, found[1] if found else "", str(event["reason"]), detail)


def _from_status(body: Body) -> Iterator[Happened]:
    rollout = report.of(body)
    version = str((rollout.get("candidate") or {}).get("version", ""))
    if "startedAt" in rollout:
        detail = f"version {version} is compared with {(rollout.get('stable') or {}).get('version', '')}"
        yield Happened(durations.moment(rollout["startedAt"]), version, reasons.ROLLOUT_STARTED, detail)
    rejected = rollout.get("rejected") or {}
    if "at" in rejected:
        detail = f"{rejected.get('reason')}: {rejected.get('message', '')}"
        yield Happened(
            durations.moment(rejected["at"]), str(rejected["version"]), reasons.ROLLED_BACK, detail
        )


def _is_same(one: Happened, other: Happened) -> bool:
    return (one.event, one.version) == (other.event, other.version) and abs(one.at - other.at) <= _SAME


def _entry(entries: Sequence[dict[str, Any]], one: Happened) -> dict[str, Any] | None:
    """Of its version; without one, of the version that was declared at that time."""
    declared = [entry for entry in entries if durations.moment(entry["from"]) <= one.at]
    of_version = [entry for entry in declared if entry["version"] == one.version]
    return next(iter([*of_version, *([] if one.version else declared)]), None)


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
