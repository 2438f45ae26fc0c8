"""Explains one snapshot in a paragraph: what serves, what is missing, since when, what to do. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from iris_api import readiness, reasons, rollouts
from iris_api.reasons import CURES

from iris_cli import cluster_events, commits, durations, evidence, fleet, way
from iris_cli.evidence import Snapshot

# The sentence about the reason covers these.
_COVERED: Final = frozenset({"Ready", "Available", "Reconciling", "Stalled"})
# The last sentence begins so.
CURE: Final = "What to do: "
# As Git writes a commit.
_SHORT: Final = 7


@dataclass(frozen=True, slots=True)
class Explanation:
    """`serves`: pods have proven the declared version for the present spec."""

    serves: bool
    reason: str
    since: str
    paragraph: str


def explain(snapshot: Snapshot, now: datetime) -> Explanation:
    ready, reason = _ready(snapshot)
    since = _since(snapshot, reason)
    findings = [] if reason == reasons.SUSPENDED else list(evidence.findings(snapshot))
    cause = f"{_state(snapshot, reason)}{_moment(since, now)}: {_message(snapshot, reason)}"
    sentences = [_headline(snapshot, ready), cause]
    sentences += [_capital(one.text) for one in findings if not _repeats(one.text, cause)]
    sentences += _further(snapshot, reason)
    cure = _cure(reason, [one.cure for one in findings if one.cure])
    sentences.append(cure + _back(snapshot))
    if snapshot.unread:
        sentences.append(f"This user may not read: {', '.join(snapshot.unread)}")
    paragraph = " ".join(sentence.rstrip(". ") + "." for sentence in sentences if sentence)
    return Explanation(ready, reason, since.isoformat() if since else "", paragraph)


def _ready(snapshot: Snapshot) -> tuple[bool, str]:
    shown = fleet.row(snapshot.model, {})
    return shown.ready == "True", shown.reason


def _headline(snapshot: Snapshot, ready: bool) -> str:
    shown = fleet.row(snapshot.model, {})
    if ready:
        return ""
    declaration = f"IrisModel {shown.namespace}/{shown.name} declares version {shown.declared}"
    if not shown.serving:
        return f"{declaration}, but no version is serving"
    if shown.serving != shown.declared:
        return f"{declaration}, but {shown.serving} is still serving"
    return f"{declaration}; this version is serving, but not everything declared is in place"


def _state(snapshot: Snapshot, reason: str) -> str:
    """The state in the present perfect, which can be followed by a time."""
    if reason == "BeingDeleted":
        return "It has been terminating"
    if reason == "NotObserved":
        return "It has been waiting for the operator"
    if reason == reasons.SERVING:
        shown = fleet.row(snapshot.model, {})
        return f"IrisModel {shown.namespace}/{shown.name}: version {shown.declared} has been serving"
    if readiness.condition(snapshot.model, "Stalled"):
        return f"It has been stalled ({reason})"
    if readiness.condition(snapshot.model, "Reconciling"):
        return f"It has been progressing ({reason})"
    return f"It has not been progressing ({reason})"


def _message(snapshot: Snapshot, reason: str) -> str:
    metadata = snapshot.model["metadata"]
    if reason == "BeingDeleted":
        holders = ", ".join(metadata.get("finalizers", ()))
        return f"waiting for finalizers: {holders}" if holders else "waiting for the garbage collector"
    if reason == "NotObserved":
        seen = (snapshot.model.get("status") or {}).get("observedGeneration", -1)
        last = "there is no status yet" if seen < 0 else f"the status is of generation {seen}"
        return f"it has not observed generation {metadata.get('generation')} of the spec ({last})"
    return readiness.condition(snapshot.model, "Ready").get("message", "")


def _since(snapshot: Snapshot, reason: str) -> datetime | None:
    """When this reason began: a condition's lastTransitionTime changes with its status only."""
    metadata = snapshot.model["metadata"]
    if reason == "BeingDeleted":
        return datetime.fromisoformat(metadata["deletionTimestamp"])
    if reason == "NotObserved":
        return way.declared_at(snapshot.model)
    conditions = (readiness.condition(snapshot.model, kind) for kind in ("Stalled", "Reconciling", "Ready"))
    times = [found["lastTransitionTime"] for found in conditions if found.get("reason") == reason]
    about = [
        event
        for event in snapshot.events
        if event.get("reason") == reason and event.get("involvedObject", {}).get("uid") == metadata["uid"]
    ]
    moments = [moment for event in about if (moment := cluster_events.moment_of(event))]
    moments += [datetime.fromisoformat(text) for text in times[:1]]
    return max(moments).replace(microsecond=0) if moments else None


def _moment(since: datetime | None, now: datetime) -> str:
    if since is None:
        return ""
    clock = "%H:%M:%S" if since.date() == now.date() else "%Y-%m-%d %H:%M:%S"
    return f" since {since.astimezone(UTC).strftime(clock)} UTC ({durations.age(now - since)})"


def _further(snapshot: Snapshot, reason: str) -> Iterator[str]:
    if reason in (reasons.ROLLOUT_HELD, reasons.ROLLED_BACK):
        yield from map(_capital, rollouts.numbers(snapshot.model))
    state = evidence.observed(snapshot)
    if reason == reasons.SERVING and state.ready < state.wanted:
        yield f"Only {state.ready} of {state.wanted} pods are ready now"
    for found in (snapshot.model.get("status") or {}).get("conditions", ()):
        if found["type"] not in _COVERED and found["status"] != "True" and found["reason"] != reason:
            yield f"Also, {found['type']} is {found['status']} ({found['reason']}): {found['message']}"


def _cure(reason: str, found: list[str]) -> str:
    if reason == "BeingDeleted":
        return f"{CURE}wait; if it persists, check what set the finalizers"
    if reason == "NotObserved":
        return (
            f"{CURE}wait a moment; if it persists, check that the operator is running: "
            "`kubectl -n iris-system get pods`"
        )
    cure = CURES.get(reason, "read the message")
    if found and cure == CURES[reasons.PROGRESSING]:
        cure = found[0]
    elif found and found[0] not in cure:
        cure = f"{cure}; {found[0]}"
    return f"{CURE}{cure}"


def _back(snapshot: Snapshot) -> str:
    """The commit to revert, where Git declared a version that has stalled while another one serves."""
    shown = fleet.row(snapshot.model, {})
    newest: Mapping[str, str] = next(iter((snapshot.model.get("status") or {}).get("history", ())), {})
    declared = newest.get("version") == shown.declared
    commit = commits.digest(newest.get("revision", ""))[:_SHORT] if declared else ""
    stalled = readiness.condition(snapshot.model, "Stalled")
    if not commit or not stalled or shown.serving in ("", shown.declared):
        return ""
    return f"; or go back to {shown.serving}: `git revert {commit}`"


def _repeats(text: str, cause: str) -> bool:
    """Whether the operator's message already has this detail."""
    detail = text.partition(": ")[2]
    return text in cause or (bool(detail) and detail in cause)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
