"""The goals of the server's benchmark: each is judged, and the README gets both columns."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import server, server_before, server_goals, server_readme, server_runs
from benchmarks import server_contenders as contenders
from benchmarks import server_report as report

ROOT = Path(__file__).parents[2]
BOTH = [
    {"figure": f"{column}.{model}_{count}", "times_best_peer": ratio}
    for column, ratio in (("same_computation", 1.234), ("same_file", 45.67))
    for model in server_readme.MODELS
    for count in (1, 32)
]


@pytest.mark.parametrize(
    ("figure", "met"),
    [
        pytest.param({"figure": "same_file.random_forest_32", "times_best_peer": 60.0}, "goal", id="goal"),
        pytest.param({"figure": "same_file.random_forest_32", "times_best_peer": 59.9}, "floor", id="floor"),
        pytest.param(
            {"figure": "same_file.random_forest_32", "times_best_peer": 39.9}, "missed", id="missed"
        ),
        pytest.param({"figure": "same_file.random_forest_cold_start", "value": 0.99}, "goal", id="quick"),
        pytest.param({"figure": "same_file.random_forest_cold_start", "value": 1.01}, "missed", id="slow"),
        pytest.param(
            {"figure": "server.binary_batch_10000", "times_best_peer": 1.1, "times_mlserver": 3.0},
            "floor",
            id="one peer",
        ),
        pytest.param(
            {"figure": "before.fast_path", "value": 1.2, "interval": (0.96, 1.4)}, "goal", id="pairs"
        ),
        pytest.param(
            {"figure": "before.fast_path", "value": 1.2, "interval": (0.94, 1.4)}, "missed", id="low end"
        ),
    ],
)
def test_a_figure_is_judged_by_its_goal_and_floor(figure: dict[str, Any], met: str) -> None:
    judged = server_goals.judged(figure)

    assert judged["met"] == met
    assert server_goals.missed([judged]) == ([figure["figure"]] if met == "missed" else [])


def test_a_figure_without_goal_or_peer_is_not_judged() -> None:
    for figure in (
        {"figure": "peer.limit", "value": 1},
        {"figure": "same_file.random_forest_32", "value": 1},
    ):
        assert server_goals.judged(figure) == figure


def test_the_page_has_every_goal_with_the_worst_first() -> None:
    figures: list[dict[str, Any]] = [
        {"figure": "same_file.random_forest_32", "times_best_peer": 61.5},
        {"figure": "before.reference", "interval": [0.9, 1.1]},
    ]

    assert report.goals([*map(server_goals.judged, figures)])[4:-1] == [
        "| before.reference | interval >= 0.95 | 0.9 to 1.1 | missed |",
        "| same_file.random_forest_32 | times_best_peer >= 60, floor 40 | 61.5 | goal |",
    ]


def test_every_goal_is_for_a_figure_that_the_benchmark_makes() -> None:
    models = ("linear", *(name.replace("-", "_") for name in server.TREES))
    columns = {
        f"{column}.{model}_{what}"
        for model in models
        for column in report.COLUMNS
        for what in (1, 32, "memory", "cold_start")
    }
    paths = {f"before.{path}" for path in (*server_before.PATHS, f"batch_{server_before.BATCH}")}

    made = columns | paths | {figure for figure, *_ in server_runs.BATCHES}
    assert {*server_goals.GOALS} <= made


def test_the_readme_gets_both_columns_the_stricter_first_and_stays_short() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")

    written = server_readme.filled(readme, BOTH)

    assert "| model: 1 and 32 connections | same computation | same model file |" in written
    assert "| linear | 1.2 and 1.2 | 46 and 46 |" in written
    assert "The operator creates a model with two passes" in written
    assert len(written.splitlines()) <= 120
    assert server_readme.filled(written, BOTH) == written


def test_the_readme_has_the_figures_of_the_results() -> None:
    figures = [*map(json.loads, (report.RESULTS / "server.jsonl").read_text("utf-8").splitlines())]
    readme = (ROOT / "README.md").read_text("utf-8")

    assert server_readme.filled(readme, figures) == readme


def test_half_a_run_changes_no_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")

    assert server_readme.filled(readme, BOTH[1:]) == readme


def test_the_server_before_is_unpacked_from_git(tmp_path: Path) -> None:
    if not server_before.unpacked(tmp_path):
        pytest.skip("a shallow clone has no older server")

    assert (tmp_path / "iris_model_server" / "__main__.py").is_file()
    assert not (tmp_path / "iris_model_server" / "model" / "tree_card.py").exists()


def test_the_server_before_runs_the_older_code_with_the_same_settings(tmp_path: Path) -> None:
    [fast_path] = [one for one in contenders.ours(tmp_path, tmp_path, "1.0.0") if one.name == "fast_path"]

    former = server_before.former(fast_path, tmp_path)

    assert former.name == "fast_path_before"
    assert former.environment == {**fast_path.environment, "PYTHONPATH": str(tmp_path)}
    assert (former.command, former.question) == (fast_path.command, fast_path.question)
