"""Figures to the page of results: a table, a picture, on which machine and day.

Writes three files, and both columns into the README.
"""

import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks import server_readme
from benchmarks.server_figures import Figure

# The figures that make up the two columns, the stricter first.
COLUMNS: Final = ("same_computation", "same_file")
RESULTS: Final = Path(__file__).parent / "results"
README: Final = Path(__file__).parents[1] / "README.md"
_WIDTH: Final = 420
HOW_TO_READ: Final = """\
*Same computation*: everybody calls scikit-learn for the same joblib. *Same model file*: this server reads the
model as data, its peers call scikit-learn."""
NEXT: Final = """\
Of a hot request 7.7 us are the server's own, measured in memory without sockets; the rest is a read and a
write in the kernel, and uvloop around them.

**What could be won next:** decoding of batches. Of 1.5 ms in the process for 10,000 rows 1.0 is text to
numbers, and 0.2 of that compares each with its bounds, which numpy does in 0.01.
"""


class Run(NamedTuple):
    """What was run, on which day and machine, and who could not take part."""

    command: str
    day: str
    machine: str
    absent: Mapping[str, str]


def write(figures: Sequence[Figure], run: Run, *, keep: bool = False) -> None:
    """The page and its picture; with `keep` beside the figures that were measured before."""
    RESULTS.mkdir(exist_ok=True)
    kept = RESULTS / "server.jsonl"
    made = {figure["figure"]: figure | {"day": run.day, "machine": run.machine} for figure in figures}
    if keep and kept.exists():
        former = map(json.loads, kept.read_text(encoding="utf-8").splitlines())
        made = {figure["figure"]: figure for figure in former} | made
    kept.write_text("".join(json.dumps(figure) + "\n" for figure in made.values()), encoding="utf-8")
    bars = [
        one
        for one in made.values()
        if one["unit"] == "req/s" and "alone" not in one["figure"] and not in_columns(one)
    ]
    (RESULTS / "server.svg").write_text(_picture(bars), encoding="utf-8")
    (RESULTS / "server.md").write_text(_page(list(made.values()), run), encoding="utf-8")
    readme = README.read_text(encoding="utf-8")
    README.write_text(server_readme.filled(readme, list(made.values())), encoding="utf-8")


def in_columns(figure: Figure) -> bool:
    return str(figure["figure"]).startswith(COLUMNS)


def columns(figures: Sequence[Figure]) -> list[str]:
    """The lines of a table with both columns: how many times the best peer, for each model and load."""
    by_name = {figure["figure"]: figure for figure in figures}
    subjects = list(
        dict.fromkeys(figure["figure"].partition(".")[2] for figure in filter(in_columns, figures))
    )
    rows = [[_times(by_name.get(f"{column}.{subject}")) for column in COLUMNS] for subject in subjects]
    lines = [f"| {' | '.join((subject, *row))} |" for subject, row in zip(subjects, rows, strict=True)]
    return ["| model, connections | same computation | same model file |", "|---|---|---|", *lines]


def _times(figure: Figure | None) -> str:
    """Empty where the column has no such figure, or no peer took part."""
    if figure is None or "times_best_peer" not in figure:
        return ""
    return f"{figure['times_best_peer']:.3g} x {figure['best_peer']}"


def goals(figures: Sequence[Figure]) -> list[str]:
    """The lines of a table with each goal of this run, the lowest results first."""
    order = ("missed", "floor", "goal")
    found = sorted((one for one in figures if "met" in one), key=lambda one: order.index(one["met"]))
    if not found:
        return []
    rows = [f"| {one['figure']} | {one['goal']} | {_compared(one)} | {one['met']} |" for one in found]
    return ["## Goals", "", "| figure | goal | found | reached |", "|---|---|---|---|", *rows, ""]


def _compared(figure: Figure) -> str:
    """The field that the goal compares."""
    found = figure[figure["goal"].partition(" ")[0]]
    return " to ".join(map(str, found)) if isinstance(found, list | tuple) else str(found)


def _page(figures: Sequence[Figure], run: Run) -> str:
    lines = [
        "# The model server and its peers",
        *runs(figures, run.command),
        "",
        *([*columns(figures), "", HOW_TO_READ, ""] if any(map(in_columns, figures)) else []),
        "![requests per second](server.svg)",
        "",
        "| figure | value | times best peer | times limit | rounds | to others |",
        "|---|---|---|---|---|---|",
    ]
    for figure in figures:
        peer = f"{figure['times_best_peer']} ({figure['best_peer']})" if "times_best_peer" in figure else ""
        busy = f"{figure['foreign']:.0%}" if "foreign" in figure else ""
        lines.append(
            f"| {figure['figure']} | {figure['value']:,} {figure['unit']} | {peer} "
            f"| {figure.get('times_limit', '')} | {figure.get('rounds', '')} | {busy} |"
        )
    lines += [
        "",
        "*To others*: the part of the machine that went to other work in the noisiest round that counts.",
    ]
    lines += ["", *goals(figures)]
    lines += [f"Left out: {name} ({reason})." for name, reason in run.absent.items()]
    if (RESULTS / "server.flame.svg").exists():
        lines += ["", "## Where the time goes", "![flame picture of the fast path](server.flame.svg)"]
        lines += ["", NEXT.rstrip()]
    return "\n".join(lines) + "\n"


def still(flame: str) -> str:
    """py-spy's picture without script, buttons and its command line, which names folders of this machine."""
    without_script = re.sub(r"<script.*?</script>", "", flame, flags=re.DOTALL).replace(
        ' onload="init(evt)"', ""
    )
    without_buttons = re.sub(r'<text id="(?:unzoom|search|matched|details)".*?</text>', "", without_script)
    return re.sub(r'(<text id="title"[^>]*>).*?(</text>)', r"\1the fast path\2", without_buttons)


def runs(figures: Sequence[Figure], command: str) -> list[str]:
    """When and where the figures were measured: each part of the benchmark can be run alone."""
    parts: dict[tuple[str, str], dict[str, None]] = {}
    for figure in figures:
        of_run = parts.setdefault((figure["day"], figure["machine"]), {})
        of_run[figure["figure"].partition(".")[0]] = None
    lines = [
        f"- {day}, {where}: {', '.join(f'`{part}`' for part in measured)}"
        for (day, where), measured in sorted(parts.items())
    ]
    return [f"`{command}`. Only ratios mean something on another machine.", "", *lines]


def machine() -> str:
    """Of this run: processor, kernel and Python."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    kernel = platform.release().partition("-")[0]
    return f"{os.cpu_count()} cores {model}, Linux {kernel}, Python {platform.python_version()}"


def _picture(figures: Sequence[Figure]) -> str:
    """Bars, the longest first."""
    ordered = sorted(figures, key=lambda figure: -figure["value"])
    most = ordered[0]["value"] if ordered else 1
    rows = []
    for number, figure in enumerate(ordered):
        name = figure["figure"].partition(".")[2]
        colour = "#2b6cb0" if figure["figure"].startswith("server.") else "#a0aec0"
        width = max(1, round(_WIDTH * figure["value"] / most))
        top = 10 + 24 * number
        rows.append(
            f'<text x="110" y="{top + 13}" text-anchor="end">{name}</text>'
            f'<rect x="118" y="{top}" width="{width}" height="18" fill="{colour}"/>'
            f'<text x="{124 + width}" y="{top + 13}">{figure["value"]:,}</text>'
        )
    height = 20 + 24 * len(ordered)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="{height}" '
        'font-family="sans-serif" font-size="12">\n' + "\n".join(rows) + "\n</svg>\n"
    )
