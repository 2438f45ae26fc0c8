"""Asks Prometheus for the panels of a board, and sends each as soon as it is there."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from iris_cli import prometheus
from iris_cli.console import drawings
from iris_cli.console.boards import Board, Panel, Query
from iris_cli.console.drawings import Drawing, Result, Span
from iris_cli.errors import Trouble
from iris_cli.prometheus import Source

RANGES: Final = {"5m": 300, "15m": 900, "1h": 3600, "6h": 21600, "1d": 86400, "7d": 604800}
USUAL_RANGE: Final = "1h"
USUAL_WINDOW: Final = "1h"
# A query through the API server is a process of its own.
_AT_ONCE: Final = 4
_MARK_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class View:
    """A board over a time: its range and drift window are names of `RANGES` and of the board's windows."""

    board: Board
    range: str
    window: str
    namespaces: str  # a regular expression

    def span(self, now: float) -> Span:
        variables = {"drift_window": self.window, "namespace": self.namespaces}
        return Span(int(now), RANGES[self.range], variables)


def choose(board: Board, wanted: Mapping[str, str], namespace: str | None) -> View:
    """The view that a page asks for; what is not among the choices is as usual."""
    chosen, window = wanted.get("range", ""), wanted.get("window", "")
    return View(
        board,
        chosen if chosen in RANGES else USUAL_RANGE,
        window if window in board.windows else USUAL_WINDOW,
        namespace or ".*",
    )


def ask(source: Source, view: View) -> Iterator[tuple[str, Any]]:
    """Kind and content of each event: the marks, then every panel. Raises Trouble where nobody answers."""
    span = view.span(time.time())
    # One question first: without an answer there would be forty times the same line.
    source.read(prometheus.query("1"))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        marks = [pool.submit(_marks, source, query, span) for query in view.board.marks]
        panels = [(panel.number, pool.submit(_panel, source, panel, span)) for panel in view.board.panels()]
        try:
            yield (
                "marks",
                sorted((mark for each in marks for mark in each.result()), key=lambda mark: mark["at"]),
            )
            for number, drawing in panels:
                yield "panel", {"number": number, **drawing.result()}
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _marks(source: Source, query: Query, span: Span) -> list[Drawing]:
    try:
        found = _result(source, query, span, step=max(span.step, _MARK_SECONDS))
        return list(drawings.marks(query, found))
    except Trouble:
        return []  # the panels say why


def _panel(source: Source, panel: Panel, span: Span) -> Drawing:
    try:
        return drawings.draw(
            panel, [_result(source, query, span, step=span.step) for query in panel.queries], span
        )
    except Trouble as trouble:
        return {"kind": "trouble", "text": str(trouble)}


def _result(source: Source, query: Query, span: Span, *, step: int) -> Result:
    times = {} if query.is_instant else {"start": span.times[0], "end": span.times[-1], "step": step}
    return prometheus.result(source.read(prometheus.query(span.filled(query), **times)))
