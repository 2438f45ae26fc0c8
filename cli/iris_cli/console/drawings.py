"""Turns panels and Prometheus' answers into what the page draws. Pure."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from iris_cli.console.boards import Panel, Query

_LABEL: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
# More lines than this cannot be told apart.
_MOST_SERIES: Final = 20
_POINTS: Final = 240
# As in Grafana: a rate needs four scrapes of its default interval.
_SCRAPE_SECONDS: Final = 15
_SCRAPES: Final = 4

Result = Sequence[Mapping[str, Any]]
Drawing = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """The time that is shown, and the values of the dashboard's variables."""

    end: int
    seconds: int
    variables: Mapping[str, str]

    @property
    def step(self) -> int:
        return max(_SCRAPE_SECONDS, self.seconds // _POINTS)

    @property
    def times(self) -> list[int]:
        # Whole steps, so that a value is at the same place whenever it is asked for.
        last = self.end // self.step * self.step
        return list(range(last - self.seconds // self.step * self.step, last + 1, self.step))

    def filled(self, query: Query) -> str:
        """The expression with its variables replaced, as Grafana does."""
        rate = max(_SCRAPES * _SCRAPE_SECONDS, self.step + _SCRAPE_SECONDS)
        expression = query.expression.replace("$__rate_interval", f"{rate}s")
        for name, value in self.variables.items():
            expression = expression.replace(f"${name}", value)
        return expression


def draw(panel: Panel, results: Sequence[Result], span: Span) -> Drawing:
    """The panel with these answers, one for each of its queries."""
    common = {"kind": panel.kind, "unit": panel.unit}
    if panel.kind == "table":
        return common | _table(panel, results)
    found = [
        (legend(query, series["metric"]), series)
        for query, result in zip(panel.queries, results, strict=True)
        for series in result
    ]
    if panel.kind == "tile":
        # Prometheus gives the values of one moment in no order.
        values = sorted(
            ((name, number(series["value"][1])) for name, series in found), key=lambda one: one[0]
        )
        return common | {
            "values": [
                {
                    "name": (name or "none") if panel.shows_name else None,
                    "value": value,
                    "meaning": meaning(panel, value),
                }
                for name, value in values
                if value is not None
            ]
        }
    lines = [(name, _values(series["values"], span.times)) for name, series in found]
    lines = [(name, values) for name, values in lines if any(value is not None for value in values)]
    if len(lines) > _MOST_SERIES:
        lines.sort(key=lambda line: -max(value for value in line[1] if value is not None))
    return common | {
        "times": span.times,
        "series": list(_toned(panel, lines[:_MOST_SERIES])),
        "hidden": max(0, len(lines) - _MOST_SERIES),
        "limits": [
            {"value": limit.value, "color": limit.color} for limit in panel.limits if limit.value is not None
        ],
    }


def _toned(panel: Panel, lines: Sequence[tuple[str, list[float | None]]]) -> Iterator[Drawing]:
    """The series with their colours; `shade` counts those of one colour."""
    used: Counter[str] = Counter()
    for name, values in lines:
        series: Drawing = {"name": name, "values": values}
        fitting = [tone for tone in panel.tones if re.fullmatch(tone.names, name)]
        if fitting:
            tone = fitting[-1]
            series |= {"words": tone.words, "color": tone.color, "shade": used[tone.color]}
            used[tone.color] += 1
        yield series


def marks(query: Query, result: Result) -> Iterator[Drawing]:
    """The changes that a query of marks has found, each at its first moment."""
    for series in result:
        yield {"at": int(series["values"][0][0]), "title": legend(query, series["metric"])}


def legend(query: Query, labels: Mapping[str, str]) -> str:
    if not query.legend:
        return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))
    return " ".join(_LABEL.sub(lambda found: labels.get(found[1], ""), query.legend).split())


def meaning(panel: Panel, value: float | None) -> str:
    """Of the last limit that the value has reached."""
    found = "plain"
    for limit in panel.limits:
        if limit.value is None or (value is not None and value >= limit.value):
            found = limit.meaning
    return found


def number(text: str) -> float | None:
    """The value, or None for what cannot be drawn: a quotient of nothing."""
    value = float(text)
    return value if math.isfinite(value) else None


def _values(pairs: Sequence[tuple[float, str]], times: Sequence[int]) -> list[float | None]:
    known = {int(moment): number(text) for moment, text in pairs}
    return [known.get(moment) for moment in times]


def _table(panel: Panel, results: Sequence[Result]) -> Drawing:
    """One row for each set of the labels that all queries have, as Grafana's transformation `merge`."""
    names = [set(series["metric"]) for result in results for series in result]
    shared = sorted(set.intersection(*names)) if names else []
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    columns = dict.fromkeys(shared)
    for position, result in enumerate(results):
        value_name = f"Value #{chr(ord('A') + position)}"
        title = panel.columns.get(value_name, value_name)
        for series in result:
            labels = series["metric"]
            row = rows.setdefault(tuple(labels[name] for name in shared), {})
            row.update({name: labels[name] for name in sorted(labels)})
            columns |= dict.fromkeys(name for name in sorted(labels) if name not in columns)
            if title:
                columns[title] = None
                row[title] = number(series["value"][1])
    return {
        "columns": list(columns),
        "rows": [[row.get(name) for name in columns] for _, row in sorted(rows.items())],
    }
