"""The goals of the server's figures: ratios of one run, and how far each was reached. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.server_figures import Figure

MISSED: Final = "missed"


@dataclass(frozen=True, slots=True)
class Goal:
    """What a field of a figure should be, and the floor below which a run fails."""

    field: str
    goal: float
    floor: float
    at_least: bool = True

    def result(self, value: float) -> str:
        """`goal`, `floor` or `missed`."""
        for name, bound in (("goal", self.goal), ("floor", self.floor)):
            if value >= bound if self.at_least else value <= bound:
                return name
        return MISSED

    @property
    def words(self) -> str:
        floor = "" if self.floor == self.goal else f", floor {self.floor:g}"
        return f"{self.field} {'>=' if self.at_least else '<='} {self.goal:g}{floor}"


def _times(goal: float, floor: float | None = None, other: str = "best_peer") -> Goal:
    return Goal(f"times_{other}", goal, goal if floor is None else floor)


_TREES: Final = ("random_forest", "hist_gradient_boosting")
# Of an interval, the lower end counts.
_AS_BEFORE: Final = Goal("interval", 0.95, 0.95)

GOALS: Final[Mapping[str, Goal]] = {
    **{f"same_computation.{model}_1": _times(1) for model in ("linear", *_TREES)},
    **{f"same_computation.{model}_32": _times(9) for model in ("linear", *_TREES)},
    "same_file.random_forest_1": _times(20, 10),
    "same_file.random_forest_32": _times(60, 40),
    "same_file.hist_gradient_boosting_1": _times(30, 20),
    "same_file.hist_gradient_boosting_32": _times(30, 20),
    **{f"same_file.{model}_memory": _times(3) for model in ("linear", *_TREES)},
    "same_file.random_forest_cold_start": Goal("value", 1, 1, at_least=False),
    "server.batch_100": _times(12, 9),
    "server.binary_batch_10000": _times(5, 3, "mlserver"),
    **{f"before.{path}": _AS_BEFORE for path in ("fast_path", "reference", "batch_100")},
}


def judged(figure: Figure) -> Figure:
    """The figure with its goal and the result, if it has a goal and what the goal compares."""
    goal = GOALS.get(figure["figure"])
    if goal is None or goal.field not in figure:
        return figure
    found = figure[goal.field]
    value = found[0] if isinstance(found, list | tuple) else found
    return figure | {"goal": goal.words, "met": goal.result(value)}


def missed(figures: Iterable[Figure]) -> list[str]:
    """The names of the figures below their floor."""
    return [figure["figure"] for figure in figures if figure.get("met") == MISSED]
