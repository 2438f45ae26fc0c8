"""One snapshot to one honest paragraph: what serves, what it waits for, since when, what to do. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from iris_operator import reasons

from iris_cli import durations, evidence, fleet
from iris_cli.cures import CURES
from iris_cli.evidence import Snapshot

# Said by the sentence about the reason itself.
_TOLD: Final = frozenset({"Ready", "Available", "Reconciling", "Stalled"})


@dataclass(frozen=True, slots=True)
class Story:
    """`serves`: the declared version is proven, for the spec as it stands."""

    serves: bool
    reason: str
    since: str
    paragraph: str


def tell(snapshot: Snapshot, now: datetime) -> Story:
    ready, reason = _ready(snapshot)
    since = _since(snapshot, reason)
    findings = [] if reason == reasons.SUSPENDED else list(evidence.findings(snapshot))
    main = _why(snapshot, reason)
    told = [_headline(snapshot, ready), f"{main}{_moment(since, now)}: {_message(snapshot, reason)}"]
    told += [_capital(one.text) for one in findings if not _said(one.text, told[1])]
    told += _besides(snapshot, reason)
    told.append(_cure(reason, [one.cure for one in findings if one.cure]))
    if snapshot.unread:
        told.append(f"Not read, because this user may not: {', '.join(snapshot.unread)}")
    paragraph = " ".join(sentence.rstrip(". ") + "." for sentence in told if sentence)
    return Story(ready, reason, since.isoformat() if since else "", paragraph)


def _ready(snapshot: Snapshot) -> tuple[bool, str]:
    shown = fleet.row(snapshot.model, {})
    return shown.ready == "True", shown.reason


def _headline(snapshot: Snapshot, ready: bool) -> str:
    shown = fleet.row(snapshot.model, {})
    who = f"IrisModel {shown.namespace}/{shown.name} declares version {shown.declared}"
    if ready:
        return f"{who}, and that serves"
    if not shown.serving:
        return f"{who}, and nothing serves"
    if shown.serving != shown.declared:
        return f"{who}, and {shown.serving} goes on serving"
    return f"{who}; pods of that version answer, but not all that is declared is true yet"


def _why(snapshot: Snapshot, reason: str) -> str:
    if reason == "BeingDeleted":
        return "It is being deleted"
    if reason == "NotObserved":
        return "It waits for the operator"
    if reason == reasons.SERVING:
        return "It is so"
    if fleet.condition(snapshot.model, "Stalled"):
        return f"It cannot go on ({reason})"
    if fleet.condition(snapshot.model, "Reconciling"):
        return f"It is on the way ({reason})"
    return f"It stands still ({reason})"


def _message(snapshot: Snapshot, reason: str) -> str:
    metadata = snapshot.model["metadata"]
    if reason == "BeingDeleted":
        holders = ", ".join(metadata.get("finalizers", ()))
        return f"finalizers hold it: {holders}" if holders else "the garbage collector has not finished"
    if reason == "NotObserved":
        seen = (snapshot.model.get("status") or {}).get("observedGeneration", -1)
        last = "none before" if seen < 0 else f"its last word was about {seen}"
        return f"it has not spoken about generation {metadata.get('generation')} of the spec ({last})"
    return fleet.condition(snapshot.model, "Ready").get("message", "")


def _since(snapshot: Snapshot, reason: str) -> datetime | None:
    """The last change to this reason: a condition's own time moves only when its True or False does."""
    metadata = snapshot.model["metadata"]
    if reason == "BeingDeleted":
        return datetime.fromisoformat(metadata["deletionTimestamp"])
    if reason == "NotObserved":
        return _declared_at(snapshot)
    conditions = (fleet.condition(snapshot.model, kind) for kind in ("Stalled", "Reconciling", "Ready"))
    times = [found["lastTransitionTime"] for found in conditions if found.get("reason") == reason]
    about = [
        event
        for event in snapshot.events
        if event.get("reason") == reason and event.get("involvedObject", {}).get("uid") == metadata["uid"]
    ]
    moments = [moment for event in about if (moment := evidence.moment_of(event))]
    moments += [datetime.fromisoformat(text) for text in times[:1]]
    return max(moments).replace(microsecond=0) if moments else None


def _declared_at(snapshot: Snapshot) -> datetime:
    metadata = snapshot.model["metadata"]
    spoken = [
        entry["time"]
        for entry in metadata.get("managedFields", ())
        if entry.get("time") and entry.get("subresource") != "status"
    ]
    return datetime.fromisoformat(max(spoken, default=metadata["creationTimestamp"]))


def _moment(since: datetime | None, now: datetime) -> str:
    if since is None:
        return ""
    clock = "%H:%M:%S" if since.date() == now.date() else "%Y-%m-%d %H:%M:%S"
    return f" since {since.astimezone(UTC).strftime(clock)} UTC ({durations.age(now - since)})"


def _besides(snapshot: Snapshot, reason: str) -> Iterator[str]:
    state = evidence.observed(snapshot)
    if reason == reasons.SERVING and state.ready < state.wanted:
        yield f"Just now only {state.ready} of {state.wanted} pods are ready"
    for found in (snapshot.model.get("status") or {}).get("conditions", ()):
        if found["type"] not in _TOLD and found["status"] != "True" and found["reason"] != reason:
            yield f"Besides, {found['type']} is {found['status']} ({found['reason']}): {found['message']}"


def _cure(reason: str, found: list[str]) -> str:
    if reason == "BeingDeleted":
        return "What to do: wait; if it stays, look at who set the finalizers"
    if reason == "NotObserved":
        return (
            "What to do: wait a moment; if it lasts, `kubectl -n iris-system get pods`: is the operator up?"
        )
    cure = CURES.get(reason, "read the message")
    if found and cure == CURES[reasons.PROGRESSING]:
        cure = found[0]
    elif found and found[0] not in cure:
        cure = f"{cure}; {found[0]}"
    return f"What to do: {cure}"


def _said(text: str, already: str) -> bool:
    """Whether the operator's own message has the same detail."""
    detail = text.partition(": ")[2]
    return bool(detail) and detail in already


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
