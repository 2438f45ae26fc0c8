"""The comparison with the release before: its statistics, its choice, its words, and `--no-worse`."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from iris_training import __main__ as command
from iris_training import compare, comparison_report, data, estimators, previous
from iris_training.compare import Candidate
from iris_training.errors import Invalid
from iris_training.estimators import Recipe

SAMPLE = data.parse(data.sample(), name="sample")
REGRESSION = Recipe()
STUMP = estimators.parse("decision-tree", None, ["max_depth=1"])


def compared(new: Recipe, before: Recipe, *, seed: int = 42) -> compare.Comparison:
    return compare.compare(
        SAMPLE, Candidate("2.0.0", new, seed), Candidate("1.0.0", before, 42), same_data=True
    )


def trained(folder: Path, version: str, *options: str) -> int:
    path = folder / "iris.csv"
    path.write_text(data.sample())
    return command.main(["--data", str(path), "--output", str(folder), "--version", version, *options])


def card(folder: Path, version: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / f"model_pipeline_{version}.json").read_text())
    return read


def test_comparison_finds_a_stump_worse_than_the_regression() -> None:
    found = compared(STUMP, REGRESSION)

    assert found.worse
    assert not found.better
    assert found.accuracy.high < 0 < found.log_loss.low
    assert found.recall["setosa"].new == 1
    assert min(one.new for one in found.recall.values()) < 0.1
    assert found.agreement < 0.7


def test_comparison_is_the_mirror_of_its_reverse() -> None:
    there, back = compared(STUMP, REGRESSION), compared(REGRESSION, STUMP)

    assert back.better
    assert back.accuracy.difference == -there.accuracy.difference
    assert (back.log_loss.low, back.log_loss.high) == pytest.approx(
        (-there.log_loss.high, -there.log_loss.low)
    )
    assert back.agreement == there.agreement


def test_comparison_of_one_recipe_with_itself_differs_in_nothing_and_claims_little() -> None:
    found = compared(REGRESSION, REGRESSION, seed=7)

    assert found.same_recipe
    assert (found.accuracy.difference, found.accuracy.low, found.accuracy.high) == (0, 0, 0)
    assert found.agreement == 1
    assert not found.worse
    assert not found.better
    assert found.accuracy.smallest_detectable == pytest.approx(3 / 150)


@pytest.mark.parametrize(
    ("accuracy", "log_loss", "verdict"),
    [
        pytest.param((-0.1, 0.1), (0.01, 0.2), "worse than 1.0.0", id="log loss alone"),
        pytest.param((0.01, 0.1), (0.01, 0.2), "worse than 1.0.0", id="the other score is better"),
        pytest.param((-0.1, 0.1), (-0.2, -0.01), "better than 1.0.0", id="better log loss alone"),
        pytest.param((-0.1, 0.1), (-0.2, 0.01), "no difference shown", id="neither"),
    ],
)
def test_verdict_is_worse_by_either_score(
    accuracy: tuple[float, float], log_loss: tuple[float, float], verdict: str
) -> None:
    equal = compared(REGRESSION, REGRESSION)
    scores = [
        replace(score, low=low, high=high)
        for score, (low, high) in ((equal.accuracy, accuracy), (equal.log_loss, log_loss))
    ]

    found = replace(equal, accuracy=scores[0], log_loss=scores[1], same_recipe=False)

    assert comparison_report.verdict(found) == verdict
    assert found.worse == verdict.startswith("worse")
    if found.worse:
        assert "log loss" in str(comparison_report.refusal(found, "2.0.0"))


def test_comparison_with_another_seed_of_a_random_estimator_fits_again() -> None:
    forest = estimators.parse("random-forest", None, ["n_estimators=2"])

    assert not compared(forest, forest, seed=7).same_recipe
    assert compared(forest, forest, seed=42).same_recipe


def test_interval_is_wider_than_the_plain_one_by_the_correction_for_overlapping_parts() -> None:
    """Checked against the formula of Nadeau and Bengio with t(0.975, 14) = 2.144787."""
    new, before = np.random.default_rng(1).random((2, 15, 30))

    found = compare.difference([*new], [*before], rows=150)

    differences = [sum(a) / 30 - sum(b) / 30 for a, b in zip(new, before, strict=True)]
    mean = sum(differences) / 15
    variance = sum((one - mean) ** 2 for one in differences) / 14
    half = 2.144787 * math.sqrt((1 / 15 + 1 / 4) * variance)
    assert (found.low, found.difference, found.high) == pytest.approx((mean - half, mean, mean + half))
    assert found.smallest_detectable == pytest.approx((2.144787 + 0.868055) / 2.144787 * half)


def test_report_and_cards_hold_the_comparison(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert trained(tmp_path, "1.0.0") == 0
    assert "comparison" not in card(tmp_path, "1.0.0")

    assert trained(tmp_path, "2.0.0", "--estimator", "decision-tree", "--param", "max_depth=1") == 0

    found = card(tmp_path, "2.0.0")["comparison"]
    assert (found["version"], found["rows"], found["same_data"]) == ("1.0.0", 150, True)
    assert found["accuracy"]["high"] < 0
    said = "\n".join(record.message for record in caplog.records)
    assert "compared with 1.0.0 (StandardScaler + LogisticRegression), both fitted on 150 rows" in said
    assert "result: worse than 1.0.0; 150 rows rarely show a difference in accuracy below 0." in said
    page = (tmp_path / "model_pipeline_2.0.0.md").read_text()
    assert "## Beside 1.0.0" in page
    assert "- result: worse than 1.0.0" in page


def test_no_worse_refuses_a_worse_model_in_one_line_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained(tmp_path, "1.0.0") == 0
    capsys.readouterr()

    code = trained(tmp_path, "2.0.0", "--estimator", "decision-tree", "--param", "max_depth=1", "--no-worse")

    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    assert printed.err.count("iris-training: ") == 1
    assert "iris-training: 2.0.0 beside 1.0.0: found accuracy 0." in printed.err
    assert "expected no worse (150 rows rarely show a difference in accuracy below 0." in printed.err
    assert not list(tmp_path.glob("model_pipeline_2.0.0*"))


def test_no_worse_takes_a_first_release_and_an_equal_one(tmp_path: Path) -> None:
    assert trained(tmp_path, "1.0.0", "--no-worse") == 0
    assert trained(tmp_path, "1.1.0", "--no-worse", "--seed", "7") == 0


def test_compare_with_names_the_card(tmp_path: Path) -> None:
    for version in ("1.0.0", "1.1.0"):
        assert trained(tmp_path, version) == 0

    named = str(tmp_path / "model_pipeline_1.0.0.json")
    assert trained(tmp_path, "1.2.0", "--compare-with", named) == 0

    assert card(tmp_path, "1.2.0")["comparison"]["version"] == "1.0.0"


def test_a_card_without_its_recipe_is_not_compared_and_the_reason_is_given(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained(tmp_path, "1.0.0") == 0
    older = card(tmp_path, "1.0.0")
    del older["training"]["recipe"]
    (tmp_path / "model_pipeline_1.0.0.json").write_text(json.dumps(older))

    assert trained(tmp_path, "1.1.0") == 0
    assert trained(tmp_path, "1.1.1", "--no-worse") == 0
    (tmp_path / "model_pipeline_1.1.0.json").write_text(json.dumps(older))
    code = trained(tmp_path, "1.1.0.1", "--no-worse")

    assert code == 2
    assert "found no parameters of the estimator, expected a card with `training.recipe`" in caplog.text
    assert capsys.readouterr().err.count("train that version again") == 1


@pytest.mark.parametrize(
    ("version", "chosen"),
    [
        pytest.param("1.10.0", "1.9.0", id="numbers, not letters"),
        pytest.param("1.2.0", "1.0.20261126_193110", id="a time stamp"),
        pytest.param("2.0.0-rc.1", "1.9.0", id="a pre-release"),
        pytest.param("1.0.0", None, id="the first"),
        pytest.param("mine", None, id="a version without order"),
    ],
)
def test_previous_is_the_newest_lower_version(tmp_path: Path, version: str, chosen: str | None) -> None:
    for other in ("1.9.0", "1.0.0", "1.0.20261126_193110", "3.0.0", "1.9.1-pr.2", "latest", version):
        (tmp_path / f"model_pipeline_{other}.json").touch()

    found = previous.find(tmp_path, version)

    assert found == (chosen and tmp_path / f"model_pipeline_{chosen}.json")


POISON: dict[str, Any] = {
    "no json": "{",
    "a list": [],
    "deep": "[" * 100_000,
    "no training": {"version": "1", "data": {"sha256": "0"}},
    "a class of Python": {"estimator": "os.system", "scaler": "none", "parameters": {}},
    "a parameter out of range": {
        "estimator": "random-forest",
        "scaler": "none",
        "parameters": {"n_estimators": 10**9},
    },
    "a parameter that is code": {
        "estimator": "decision-tree",
        "scaler": "none",
        "parameters": {"criterion": "__import__('os').abort()"},
    },
    "no parameters": {"estimator": "decision-tree", "scaler": "none"},
}


@pytest.mark.parametrize("found", POISON.values(), ids=POISON)
def test_a_poisoned_card_is_refused_in_one_line(tmp_path: Path, found: Any) -> None:
    assert trained(tmp_path, "1.0.0") == 0
    path = tmp_path / "model_pipeline_1.0.0.json"
    if isinstance(found, dict) and "version" not in found:
        good = card(tmp_path, "1.0.0")
        found = good | {"training": good["training"] | {"recipe": found}}
    path.write_text(found if isinstance(found, str) else json.dumps(found))

    with pytest.raises(Invalid) as refused:
        previous.load(path)

    assert str(refused.value).startswith(f"{path}: found ")


def test_lengths_outside_the_range_of_the_release_before_are_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert trained(tmp_path, "1.0.0") == 0
    narrow = card(tmp_path, "1.0.0")
    narrow["features"][0] |= {"minimum": 6.5, "maximum": 7.0}
    (tmp_path / "model_pipeline_1.0.0.json").write_text(json.dumps(narrow))

    assert trained(tmp_path, "1.1.0", "--strict") == 2
    assert trained(tmp_path, "1.1.0") == 0

    assert "found a median sepal_length of 5.8, expected 6.5 to 7 cm, the range in 1.0.0" in caplog.text


def test_card_has_the_commit_the_recipe_and_the_libraries(tmp_path: Path) -> None:
    assert trained(tmp_path, "1.0.0", "--estimator", "random-forest", "--param", "n_estimators=3") == 0

    found = card(tmp_path, "1.0.0")
    assert found["training"]["recipe"] == {
        "estimator": "random-forest",
        "parameters": {"n_estimators": 3},
        "scaler": "none",
    }
    assert len(found["training"]["commit"].removesuffix("-dirty")) == 40
    assert found["libraries"]["scikit-learn"]
    assert len(found["data"]["sha256"]) == 64
