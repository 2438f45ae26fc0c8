"""Data that can be trained on and should not be: each fault leads to its warning, the sample to none."""

import json
from pathlib import Path

import pytest
from iris_training import __main__ as command
from iris_training import data

HEADER, *ROWS = data.sample().splitlines()
OTHERS = {"setosa": "virginica", "versicolor": "setosa", "virginica": "versicolor"}


def times(factor: float) -> list[str]:
    dataset = data.parse(data.sample(), name="sample")
    scaled = [[round(length * factor, 4) for length in row] for row in dataset.rows]
    return data.render(scaled, dataset.labels).splitlines()[1:]


def relabelled(row: str) -> str:
    lengths, _, species = row.rpartition(",")
    return f"{lengths},{OTHERS[species]}"


SUSPICIOUS: dict[str, tuple[list[str], str]] = {
    "millimetres": (times(10), "found lengths that look like millimetres (58,30,43.5,13), expected cm"),
    "inches": (
        times(1 / 2.54),
        "found lengths that look like inches (2.2835,1.1811,",
    ),
    "one column in millimetres": (
        [f"{10 * float(row.partition(',')[0]):g},{row.partition(',')[2]}" for row in ROWS],
        "found a median sepal_length of 58, expected 4.3 to 7.9 cm",
    ),
    "every row twice": (
        ROWS * 2,
        "found 151 of 300 rows with the lengths of another, expected at most 20%; ",
    ),
    "every seventh label wrong": (
        [row if number % 7 else relabelled(row) for number, row in enumerate(ROWS)],
        " of 150 labels that a model of the other rows would not give: [5.1,3.5,1.4,0.2,virginica] ",
    ),
    "slips": (
        [*ROWS, "99,0.1,99,0.1,setosa"],
        "found 1 row far from any iris: [99,0.1,99,0.1], expected lengths up to 2 times",
    ),
    "few rows of a class": (ROWS[:110], "found 10 rows of virginica, expected at least 20"),
}


def trained(folder: Path, rows: list[str], *options: str) -> int:
    path = folder / "some.csv"
    path.write_text("\n".join([HEADER, *rows, ""]))
    return command.main(["--data", str(path), "--output", str(folder), "--version", "1.0.0", *options])


@pytest.mark.parametrize(("rows", "words"), SUSPICIOUS.values(), ids=SUSPICIOUS)
def test_training_warns_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, rows: list[str], words: str
) -> None:
    code = trained(tmp_path, rows)

    said = [record.message for record in caplog.records if record.message.startswith("warning: ")]
    assert code == 0
    assert any(words in line for line in said)
    card = json.loads((tmp_path / "model_pipeline_1.0.0.json").read_text())
    assert [f"warning: {line}" for line in card["warnings"]] == said
    assert "## Warnings" in (tmp_path / "model_pipeline_1.0.0.md").read_text()


@pytest.mark.parametrize(("rows", "words"), SUSPICIOUS.values(), ids=SUSPICIOUS)
def test_strict_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[str], words: str
) -> None:
    code = trained(tmp_path, rows, "--strict")

    printed = capsys.readouterr()
    assert code == 2
    assert printed.out == ""
    assert words in printed.err
    assert [path.name for path in tmp_path.iterdir()] == ["some.csv"]


@pytest.mark.parametrize("seed", [0, 1, 7, 42])
def test_strict_takes_the_sample(tmp_path: Path, seed: int) -> None:
    assert trained(tmp_path, ROWS, "--strict", "--seed", str(seed)) == 0

    assert "warnings" not in json.loads((tmp_path / "model_pipeline_1.0.0.json").read_text())
