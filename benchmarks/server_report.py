"""Figures to the page of results: a table, a picture, on which machine and day. Writes two files."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.server_figures import Figure

RESULTS: Final = Path(__file__).parent / "results"
_WIDTH: Final = 420


def write(figures: Sequence[Figure], absent: dict[str, str], day: str, command: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    bars = [figure for figure in figures if figure["unit"] == "req/s" and "alone" not in figure["figure"]]
    (RESULTS / "server.svg").write_text(_picture(bars), encoding="utf-8")
    (RESULTS / "server.md").write_text(_page(figures, absent, day, command), encoding="utf-8")


def _page(figures: Sequence[Figure], absent: dict[str, str], day: str, command: str) -> str:
    lines = [
        "# The model server and its peers",
        f"`{command}`, {day}, {_machine()}. Only ratios mean something on another machine.",
        "",
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
    lines += [f"Left out: {name} ({reason})." for name, reason in absent.items()]
    if (RESULTS / "server.flame.svg").exists():
        lines += ["", "## Where the time goes", "![flame picture of the hot path](server.flame.svg)"]
    return "\n".join(lines) + "\n"


def _machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return f"{os.cpu_count()} cores {model}, Linux {platform.release()}, Python {platform.python_version()}"


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
