"""Prints rows and explanations for people or programs: tables, JSON, YAML. Decides nothing."""

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from iris_cli import commits, durations
from iris_cli.fleet import Row

if TYPE_CHECKING:
    from rich.console import Console

_GAP: Final = "   "
_NOTHING: Final = "–"  # noqa: RUF001 - deliberately an en dash
_COLOURS: Final = {"True": "green", "False": "red", "Unknown": "yellow"}


def data(value: object, form: str) -> None:
    """Print JSON or YAML to standard output; both have the same content."""
    plain = json.loads(json.dumps(value, default=_plain))
    if form == "json":
        sys.stdout.write(json.dumps(plain, indent=2, ensure_ascii=False) + "\n")
    else:
        import yaml  # noqa: PLC0415 - as rich: most commands need neither, and both take a while to load

        sys.stdout.write(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))


def _plain(value: Any) -> Any:
    return dataclasses.asdict(value)


class Fleet:
    """The table of `iris get`; later rows keep the widths of the first ones."""

    def __init__(
        self, now: Callable[[], datetime], *, namespaced: bool, wide: bool, watched: bool = False
    ) -> None:
        self._now = now
        self._columns = _columns(namespaced=namespaced, wide=wide, watched=watched)
        self._widths: dict[str, int] = {}

    def show(self, rows: Iterable[Row]) -> None:
        cells = [[draw(row, self._now()) for draw in self._columns.values()] for row in rows]
        first = not self._widths
        for index, title in enumerate(self._columns):
            longest = max((len(row[index]) for row in cells), default=0)
            self._widths.setdefault(title, max(len(title), longest))
        _print(list(self._columns), cells, widths=list(self._widths.values()), header=first)
        sys.stdout.flush()  # flush: a pipe's reader gets each change at once


def _columns(*, namespaced: bool, wide: bool, watched: bool) -> Mapping[str, Callable[[Row, datetime], str]]:
    columns: dict[str, Callable[[Row, datetime], str]] = {}
    if watched:
        columns["TIME"] = lambda _, now: now.astimezone().strftime("%H:%M:%S")
    if not namespaced:
        columns["NAMESPACE"] = lambda row, _: row.namespace
    columns |= {
        "NAME": lambda row, _: row.name,
        "DECLARED": lambda row, _: row.declared,
        "SERVING": lambda row, _: row.serving or _NOTHING,
        "READY": lambda row, _: row.ready,
        "PODS": lambda row, _: f"{row.readyReplicas}/{row.replicas}",
        "TRAFFIC": lambda row, _: _rate(row.requestsPerSecond),
        "ERRORS": lambda row, _: _share(row.errorShare),
        "COMMIT": lambda row, _: commits.short(row.revision) or _NOTHING,
        "AGE": lambda row, now: durations.age(now - datetime.fromisoformat(row.created)).replace(" ", ""),
    }
    if wide:
        columns["BUDGET"] = lambda row, _: _share(row.errorBudgetLeft)
    if wide or watched:
        columns["REASON"] = lambda row, _: row.reason
    if wide:
        columns["URL"] = lambda row, _: row.url
    return columns


def history(entries: Sequence[Mapping[str, str]]) -> None:
    """The table of `iris history`, newest first; author and subject if any entry has them."""
    fields = ["version", "outcome", "from", "servedFrom", "until", "digest", "revision"]
    if any("author" in entry for entry in entries):
        fields += ["author", "subject"]
    shorten = {"digest": lambda text: text.removeprefix("sha256:")[:12], "revision": commits.short}
    cells = [
        [shorten.get(field, str)(str(entry.get(field, ""))) or _NOTHING for field in fields]
        for entry in entries
    ]
    titles = ["SERVED" if field == "servedFrom" else field.upper() for field in fields]
    table(titles, cells)


def table(titles: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """Print columns as wide as their longest cell."""
    widths = [max(map(len, column)) for column in zip(titles, *cells, strict=True)]
    _print(titles, cells, widths=widths, header=True)


def difference(text: str) -> None:
    """Print a unified diff, coloured on a terminal."""
    from rich.text import Text  # noqa: PLC0415 - as above

    colours = {"+": "green", "-": "red", "@": "cyan"}
    console = _console()
    for line in text.splitlines():
        console.print(Text(line, style=colours.get(line[:1], "")), soft_wrap=True)


def paragraph(text: str) -> None:
    """Print text wrapped to the terminal, or on one line into a pipe."""
    from rich.text import Text  # noqa: PLC0415 - as above

    console = _console()
    console.print(Text(text), soft_wrap=not console.is_terminal)


def _print(
    titles: Sequence[str], cells: Iterable[Sequence[str]], *, widths: Sequence[int], header: bool
) -> None:
    """Print columns. Written by hand: a Rich table of a thousand rows takes longer than all the rest."""
    rows = [*([titles] if header else []), *cells]
    if not (sys.stdout.isatty() or os.environ.get("FORCE_COLOR")):
        for row in rows:
            padded = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
            sys.stdout.write(_GAP.join([*padded, row[-1]]) + "\n")
        return
    from rich.text import Text  # noqa: PLC0415 - as above

    text = Text()
    for row in rows:
        for cell, width in zip(row[:-1], widths, strict=False):
            text.append(cell.ljust(width) + _GAP, style=_COLOURS.get(cell, ""))
        text.append(row[-1] + "\n")
    _console().print(text, soft_wrap=True, end="")


def _console() -> "Console":
    from rich.console import Console  # noqa: PLC0415 - as above

    return Console(highlight=False, emoji=False, markup=False)


def _rate(requests_per_second: float | None) -> str:
    return _NOTHING if requests_per_second is None else f"{requests_per_second:.1f}/s"


def _share(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.1%}"
