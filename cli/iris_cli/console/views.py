"""Renders HTML from models, explanations and commits. Pure; every value is escaped by the templates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from iris_api import readiness
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from iris_cli import cluster_events, commits, durations, evidence, explanation, fleet, way
from iris_cli.console import charts, rollout_pictures
from iris_cli.console.charts import View
from iris_cli.evidence import Snapshot
from iris_cli.explanation import Explanation
from iris_cli.fleet import Row
from iris_cli.kubectl import Body
from iris_cli.traffic import Traffic

_TEMPLATES: Final = Environment(
    loader=PackageLoader("iris_cli.console"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_WIDTH: Final = 1000.0
_MOST_EVENTS: Final = 20
# On a phone, older ones are shown on demand.
_SHOWN_VERSIONS, _SHOWN_EVENTS = 3, 5
# Of a cause in the fleet: its first and its last characters.
_FIRST, _LAST = 100, 60
_NOTHING: Final = "–"  # noqa: RUF001 - deliberately an en dash


@dataclass(frozen=True, slots=True)
class Commit:
    """Who asked for the present spec: author and subject are empty where the commit is not in this clone."""

    name: str
    author: str = ""
    subject: str = ""
    committed: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A version on the time line, in units of a thousandth of its width."""

    version: str
    left: float
    width: float
    served: bool
    title: str


def key_of(body: Body) -> str:
    return "/".join(fleet.identity(body))


def mark(row: Row, body: Body) -> str:
    """ok, waits or failed: what the colour and the sign of a model stand for."""
    if row.ready == "True":
        return "ok"
    return "failed" if readiness.condition(body, "Stalled") else "waits"


def fleet_row(body: Body, traffic: Mapping[tuple[str, str], Traffic], commit: Commit, now: datetime) -> str:
    row = fleet.row(body, traffic)
    ready = readiness.condition(body, "Ready")
    return _render(
        "row.html",
        key=key_of(body),
        row=row,
        cause="" if row.ready == "True" else ready.get("message", ""),
        short=_both_ends,
        mark=mark(row, body),
        since=_ago(fleet.since(body), now),
        rollout=((body.get("status") or {}).get("rollout") or {}).get("summary", ""),
        commit=commit,
        committed=_ago(commit.committed, now),
    )


def fleet_page(rows: Sequence[str], revision: int, *, trouble: str | None, notes: Iterable[str]) -> str:
    return _render("fleet.html", rows=rows, revision=revision, trouble=trouble, notes=list(notes))


def model_page(key: str, content: str, *, trouble: str | None) -> str:
    return _render("model.html", key=key, content=content, trouble=trouble)


def charts_page(view: View, subject: Mapping[str, str], *, trouble: str | None) -> str:
    """The frame of a board's panels; events fill them. The subject is the `key` of a model, or a `board`."""
    address = {**subject, "range": view.range, "window": view.window}
    return _render(
        "charts.html",
        board=view.board,
        key=subject.get("key"),
        chosen=view,
        ranges=charts.RANGES,
        address=lambda **changes: urlencode({**address, **changes}),
        trouble=trouble,
    )


def model_content(
    snapshot: Snapshot,
    explained: Explanation,
    commit: Commit,
    *,
    history: Sequence[Mapping[str, str]],
    now: datetime,
) -> str:
    """The part of a model's page that follows the cluster."""
    body = snapshot.model
    status: dict[str, Any] = body.get("status") or {}
    row = fleet.row(body, {})
    why, _, cure = explained.paragraph.partition(explanation.CURE)
    return _render(
        "model_content.html",
        row=row,
        mark=mark(row, body),
        why=why,
        cure=cure,
        commit=commit,
        committed=_ago(commit.committed, now),
        steps=[(step, _age(step.since, now)) for step in way.steps(snapshot)],
        beside=[(step, _age(step.since, now)) for step in way.beside(body)],
        versions=list(zip(history, time_line(history, now), strict=True)),
        shown_versions=_SHOWN_VERSIONS,
        rollout=rollout_pictures.of(body, now),
        pods=evidence.pods(snapshot),
        events=[_event(event, mark(row, body), now) for event in _about(snapshot)],
        shown_events=_SHOWN_EVENTS,
        url=status.get("url", ""),
        is_link=_is_reachable(status.get("url", "")),
        now=now.astimezone().strftime("%H:%M:%S %Z"),
    )


def _is_reachable(url: str) -> bool:
    """Whether a browser may follow it: a Service's own name means nothing outside its cluster."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and not str(parts.hostname).endswith(".svc")


def _about(snapshot: Snapshot) -> list[Body]:
    """The last events of the model and of what belongs to it, newest first."""
    name = snapshot.model["metadata"]["name"]
    involved = [
        (str((event.get("involvedObject") or {}).get("name", "")), event) for event in snapshot.events
    ]
    found = [event for other, event in involved if other == name or other.startswith(f"{name}-")]
    found.sort(key=lambda event: str(cluster_events.moment_of(event) or ""), reverse=True)
    return found[:_MOST_EVENTS]


def time_line(history: Sequence[Mapping[str, str]], now: datetime) -> list[Bar]:
    """One bar for each entry, in its order, over the time since the oldest was declared."""
    if not history:
        return []
    begin = durations.moment(history[-1]["from"])
    whole = max((now - begin).total_seconds(), 1.0)

    def place(moment: datetime) -> float:
        return round(_WIDTH * min(max((moment - begin).total_seconds() / whole, 0.0), 1.0), 1)

    bars = []
    for entry in history:
        served = entry.get("servedFrom")
        # Older operators did not keep the moment of the first answer.
        start = durations.moment(served or entry["from"])
        end = durations.moment(entry["until"]) if entry.get("until") else now
        left = place(start)
        title = (
            f"{entry['version']}: {entry.get('outcome', '')}, {entry['from']} to {entry.get('until', 'now')}"
        )
        width = max(place(end) - left, 2.0)
        bars.append(Bar(entry["version"], left, width, bool(served or entry.get("digest")), title))
    return bars


def _event(event: Body, state: str, now: datetime) -> dict[str, str]:
    """A warning is red only while the model has failed: a model that serves has overcome it."""
    moment = cluster_events.moment_of(event)
    return {
        "ago": durations.age(now - moment) if moment else "",
        "mark": ("failed" if state == "failed" else "waits") if event.get("type") == "Warning" else "ok",
        "reason": event.get("reason", ""),
        "message": event.get("message", ""),
    }


def _both_ends(text: str) -> str:
    """Whole words of both ends: container runtimes write the reason last."""
    if len(text) <= _FIRST + _LAST:
        return text
    first, last = text[:_FIRST].rpartition(" ")[0], text[-_LAST:].partition(" ")[2]
    return f"{first or text[:_FIRST]} … {last or text[-_LAST:]}"


def _ago(text: str | None, now: datetime) -> str:
    return _age(datetime.fromisoformat(text) if text else None, now)


def _age(moment: datetime | None, now: datetime) -> str:
    return durations.age(now - moment) if moment else ""


def _clock(text: str | None) -> str:
    """2026-11-27T03:44:09Z as Nov 27 03:44:09, in UTC."""
    return f"{durations.moment(text):%b %d %H:%M:%S}" if text else _NOTHING


def _code(text: str) -> Markup:
    """Escaped; what stands between backticks as code."""
    parts = str(text).split("`")
    if len(parts) % 2 == 0:  # one has no partner
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )


def _render(name: str, **values: Any) -> str:
    return _TEMPLATES.get_template(name).render(**values)


_TEMPLATES.filters |= {
    "code": _code,
    "clock": _clock,
    "revision": lambda text: commits.short(text) or _NOTHING,
}
