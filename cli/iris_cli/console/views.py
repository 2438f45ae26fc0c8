"""Renders HTML from models, explanations and commits. Pure; every value is escaped by the templates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

from iris_api import readiness
from jinja2 import Environment, PackageLoader, StrictUndefined

from iris_cli import durations, evidence, fleet
from iris_cli.console import charts, rollout_pictures
from iris_cli.console.charts import View
from iris_cli.fleet import Row
from iris_cli.kubectl import Body
from iris_cli.prometheus import Traffic

_TEMPLATES: Final = Environment(
    loader=PackageLoader("iris_cli.console"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
# The way of a version from the spec to its clients: each step and the condition that reports it.
_STEPS: Final = (
    ("Spec", "observed by the operator", None),
    ("Pods", "prove the declared version", "Ready"),
    ("Route", "leads to the model", "RouteReady"),
    ("Autoscaling", "can scale", "AutoscalingReady"),
    ("Disruption budget", "protects the pods", "DisruptionBudgetReady"),
    ("Monitoring", "scrapes and alerts", "MonitoringReady"),
)
_WIDTH: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Commit:
    """Who asked for the present spec: author and subject are empty where the commit is not in this clone."""

    name: str
    author: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    meaning: str
    mark: str  # ok, waits or failed
    reason: str
    message: str
    since: str


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
    return _render(
        "row.html",
        key=key_of(body),
        row=row,
        mark=mark(row, body),
        since=_ago(readiness.condition(body, "Ready").get("lastTransitionTime"), now),
        rollout=((body.get("status") or {}).get("rollout") or {}).get("summary", ""),
        commit=commit,
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
    body: Body, *, paragraph: str, events: Sequence[Body], history: Sequence[Mapping[str, str]], now: datetime
) -> str:
    """The part of a model's page that follows the cluster."""
    status: dict[str, Any] = body.get("status") or {}
    row = fleet.row(body, {})
    return _render(
        "model_content.html",
        row=row,
        mark=mark(row, body),
        paragraph=paragraph,
        steps=steps(body, now),
        bars=time_line(history, now),
        history=history,
        rollout=rollout_pictures.of(body, now),
        events=[_event(event, now) for event in events],
        url=status.get("url", ""),
        now=now.astimezone().strftime("%H:%M:%S"),
    )


def steps(body: Body, now: datetime) -> list[Step]:
    """The steps that apply to this model, in their order."""
    found = []
    for name, meaning, kind in _STEPS:
        if kind is None:
            seen = readiness.is_current(body)
            generation = body["metadata"].get("generation")
            text = f"generation {generation}" if seen else f"generation {generation} is not observed yet"
            found.append(Step(name, meaning, "ok" if seen else "waits", "", text, ""))
            continue
        condition = readiness.condition(body, kind)
        if not condition:
            continue
        is_true = condition.get("status") == "True"
        is_stalled = kind == "Ready" and readiness.condition(body, "Stalled")
        failed = is_stalled or (kind != "Ready" and condition.get("status") == "False")
        found.append(
            Step(
                name,
                meaning,
                "ok" if is_true else "failed" if failed else "waits",
                condition.get("reason", ""),
                condition.get("message", ""),
                _ago(condition.get("lastTransitionTime"), now),
            )
        )
    return found


def time_line(history: Sequence[Mapping[str, str]], now: datetime) -> list[Bar]:
    """One bar for each entry, in its order, over the time since the oldest was declared."""
    if not history:
        return []
    begin = _moment(history[-1]["from"])
    whole = max((now - begin).total_seconds(), 1.0)

    def place(moment: datetime) -> float:
        return round(_WIDTH * min(max((moment - begin).total_seconds() / whole, 0.0), 1.0), 1)

    bars = []
    for entry in history:
        served = entry.get("servedFrom")
        # Older operators did not keep the moment of the first answer.
        start = _moment(served or entry["from"])
        end = _moment(entry["until"]) if entry.get("until") else now
        left = place(start)
        title = (
            f"{entry['version']}: {entry.get('outcome', '')}, {entry['from']} to {entry.get('until', 'now')}"
        )
        width = max(place(end) - left, 2.0)
        bars.append(Bar(entry["version"], left, width, bool(served or entry.get("digest")), title))
    return bars


def _event(event: Body, now: datetime) -> dict[str, str]:
    moment = evidence.moment_of(event)
    return {
        "ago": durations.age(now - moment) if moment else "",
        "kind": event.get("type", ""),
        "reason": event.get("reason", ""),
        "message": event.get("message", ""),
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _ago(text: str | None, now: datetime) -> str:
    return durations.age(now - datetime.fromisoformat(text)) if text else ""


def _render(name: str, **values: Any) -> str:
    return _TEMPLATES.get_template(name).render(**values)
