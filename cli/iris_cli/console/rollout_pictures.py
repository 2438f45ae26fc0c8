"""What the page of a model shows of its rollout, in the words of `iris rollout`. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from iris_cli.kubectl import Body
from iris_cli.rollouts import report

_WIDTH: Final = 1000.0
# Beyond the outermost of interval, zero and limit.
_MARGIN: Final = 0.06
_MARKS: Final = {"Pass": "ok", "Fail": "failed"}


@dataclass(frozen=True, slots=True)
class Picture:
    """An interval in thousandths of the width; `limit` is None for a gate that has none."""

    low: float
    width: float
    zero: float
    limit: float | None


@dataclass(frozen=True, slots=True)
class Gate:
    cells: Sequence[str]  # as `report.GATE_COLUMNS`
    mark: str
    picture: Picture | None  # without requests there is no interval
    title: str


@dataclass(frozen=True, slots=True)
class Step:
    percent: int
    is_done: bool
    is_current: bool


@dataclass(frozen=True, slots=True)
class Share:
    name: str
    per_mille: int
    text: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How both versions answered the reference rows: those that differ, by the class of each version."""

    text: str
    rows: Sequence[tuple[str, str, str]]  # the stable version's class, the candidate's, how many


@dataclass(frozen=True, slots=True)
class Rollout:
    headline: str
    facts: Mapping[str, str]
    steps: Sequence[Step]
    shares: Sequence[Share]
    gates: Sequence[Gate]
    agreement: Agreement | None
    columns: Sequence[str] = report.GATE_COLUMNS
    # Its words for the columns are those of the page's table.
    note: str = report.GATE_NOTE.replace("DIFFERENCE", "Difference").replace("AT MOST", "At most")


def of(body: Body, now: datetime) -> Rollout | None:
    """None for a model that has had no rollout."""
    status = report.of(body)
    if not status:
        return None
    # The page has these above or below, and the shares as a picture.
    hidden = {"declared", "serving", "to do", "agreement"} | (
        {"share", "step"} if "weight" in status else set()
    )
    return Rollout(
        headline=report.headline(body, now).partition(": ")[2],
        facts={name: text for name, text in report.facts(body).items() if name not in hidden},
        steps=_steps(body),
        shares=_shares(status),
        gates=[
            _gate(cells, gate)
            for cells, gate in zip(report.gates(body), status.get("gates", ()), strict=True)
        ],
        agreement=_agreement(status),
    )


def picture(low: float, high: float, limit: float | None) -> Picture:
    """Scaled so that the interval, zero and the limit are in it."""
    marks = [low, high, 0.0, *([] if limit is None else [limit])]
    begin, end = min(marks), max(marks)
    room = _MARGIN * (end - begin) or 1.0
    scale = _WIDTH / (end - begin + 2 * room)

    def place(value: float) -> float:
        return round((value - begin + room) * scale, 1)

    width = max(round(place(high) - place(low), 1), 4.0)
    return Picture(place(low), width, place(0.0), None if limit is None else place(limit))


def _agreement(status: Mapping[str, Any]) -> Agreement | None:
    text = report.agreement(status, with_classes=False)
    if not text:
        return None
    rows = []
    for line in status["agreement"].get("differ", ()):
        classes, _, count = line.rpartition(": ")
        stable, _, candidate = classes.partition(" → ")
        rows.append((stable, candidate, count))
    return Agreement(text[:1].upper() + text[1:], rows)


def _gate(cells: Sequence[str], gate: Mapping[str, Any]) -> Gate:
    limit = None if cells[5] == report.NOTHING else float(cells[5])
    drawn = picture(gate["lowPerMille"], gate["highPerMille"], limit) if "lowPerMille" in gate else None
    title = f"{cells[0]}: {cells[4]} per 1,000, at most {cells[5]}"
    return Gate(cells, _MARKS.get(gate["verdict"], "waits"), drawn, title)


def _steps(body: Body) -> list[Step]:
    current = report.of(body).get("step", 0)
    declared = ((body.get("spec") or {}).get("rollout") or {}).get("steps") or ()
    if not current:
        return []
    return [Step(percent, number < current, number == current) for number, percent in enumerate(declared, 1)]


def _shares(status: Mapping[str, Any]) -> list[Share]:
    if "weight" not in status:
        return []
    shares = [Share("declared", 10 * status["weight"], f"{status['weight']} %")]
    observed = status.get("observedPerMille", -1)
    if observed < 0:
        return [*shares, Share("observed", 0, "not yet")]
    return [*shares, Share("observed", observed, f"{observed / 10:g} %")]
