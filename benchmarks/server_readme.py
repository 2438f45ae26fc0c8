"""The section of the README about speed, with both columns, from the figures of a run. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks.server_figures import Figure

HEADING: Final = "## How fast it is\n"
INTRODUCTION: Final = (
    "Requests per second, times the best of KServe and MLServer in the same run. In the stricter column "
    "everybody\ncalls scikit-learn; in the other this server reads the same release as data. More: "
    "[benchmarks](benchmarks/README.md)."
)
MODELS: Final[Mapping[str, str]] = {
    "linear": "linear",
    "random_forest": "RandomForest, 100 trees",
    "hist_gradient_boosting": "HistGradientBoosting",
}
COLUMNS: Final = ("same_computation", "same_file")
CONNECTIONS: Final = (1, 32)


def filled(readme: str, figures: Sequence[Figure]) -> str:
    """The README with this run's table; unchanged if the run has not measured all of it."""
    rows = _rows({figure["figure"]: figure for figure in figures})
    before, heading, rest = readme.partition(HEADING)
    former, _, after = rest.partition("\n\n## ")
    if not rows or not heading:
        return readme
    # What others wrote there stays.
    operator = re.search(r"^The operator .*?(?=\n\n|\n\||\Z)", former, re.MULTILINE | re.DOTALL)
    introduction = f"{INTRODUCTION}\n{operator[0]}" if operator else INTRODUCTION
    return "\n".join([before + heading + introduction, "", *rows, "", f"## {after}"])


def _rows(figures: Mapping[str, Figure]) -> list[str]:
    rows = ["| model: 1 and 32 connections | same computation | same model file |", "|---|---|---|"]
    for model, name in MODELS.items():
        cells = [name]
        for column in COLUMNS:
            of_column = [figures.get(f"{column}.{model}_{count}", {}) for count in CONNECTIONS]
            if any("times_best_peer" not in figure for figure in of_column):
                return []
            cells.append(" and ".join(_short(figure["times_best_peer"]) for figure in of_column))
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _short(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"
