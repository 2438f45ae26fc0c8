"""Files as others write them: recognised with their cure, and converted without changing a number."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_training import __main__ as command
from iris_training import data
from iris_training.errors import Invalid

SAMPLE = data.sample()
HEADER, *ROWS = SAMPLE.splitlines()
R_HEADER = '"Sepal.Length","Sepal.Width","Petal.Length","Petal.Width","Species"'
KAGGLE = "Id,SepalLengthCm,SepalWidthCm,PetalLengthCm,PetalWidthCm,Species"
SCIKIT_LEARN = "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm),target"


def table(header: str | None, rows: list[str]) -> str:
    return "\n".join([*([header] if header else []), *rows, ""])


def with_prefix(row: str) -> str:
    return re.sub(r",(\w+)$", r",Iris-\1", row)


def with_commas(row: str) -> str:
    return row.replace(",", ";").replace(".", ",")


FORMATS: dict[str, tuple[str, list[str]]] = {
    "UCI": (
        table(None, [*map(with_prefix, ROWS), ""]),
        ["1:1: found no header", "1:5: found species 'Iris-setosa'"],
    ),
    "R": (
        table(R_HEADER, ROWS),
        ["1:1: found the header 'Sepal.Length,Sepal.Width,Petal.Length,Petal.Width,Species'"],
    ),
    "R with row names": (
        table(f'"",{R_HEADER}', [f'"{number}",{row}' for number, row in enumerate(ROWS, start=1)]),
        ["1:1: found the header ',Sepal.Length,Sepal.Width,Petal.Length,Petal.Width,Species'"],
    ),
    "Kaggle": (
        table(KAGGLE, [f"{number},{with_prefix(row)}" for number, row in enumerate(ROWS, start=1)]),
        [f"1:1: found the header '{KAGGLE[:60]}…'", "2:6: found species 'Iris-setosa'"],
    ),
    "scikit-learn": (table(SCIKIT_LEARN, ROWS), [f"1:1: found the header '{SCIKIT_LEARN[:60]}…'"]),
    "a German spreadsheet": (
        table(HEADER.replace(",", ";"), [*map(with_commas, ROWS)]),
        ["1:1: found semicolons or tabs between the columns", "2:1: found a decimal comma"],
    ),
    "decimal commas in quotes": (
        table(HEADER, [re.sub(r"(\d+)\.(\d+)", r'"\1,\2"', row) for row in ROWS]),
        ["2:1: found a decimal comma"],
    ),
    "decimal commas between commas": (
        table(HEADER, [row.replace(".", ",") for row in ROWS]),
        ["2:1: found a decimal comma"],
    ),
    "tabs": (table(HEADER, ROWS).replace(",", "\t"), ["1:1: found semicolons or tabs between the columns"]),
    "spaces": (table(HEADER, ROWS).replace(",", ", "), ["1:2: found spaces around values"]),
    "columns in another order": (
        table(
            "species,petal_width,petal_length,sepal_width,sepal_length",
            [",".join(row.split(",")[::-1]) for row in ROWS],
        ),
        ["1:1: found the header 'species,petal_width,petal_length,sepal_width,sepal_length'"],
    ),
    "species in capitals": (
        table(HEADER, [row.replace("set", "Set") for row in ROWS]),
        ["2:5: found species 'Setosa'"],
    ),
}


@pytest.mark.parametrize(("text", "found"), FORMATS.values(), ids=FORMATS)
def test_import_data_recognises_and_names_the_cure_of(text: str, found: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        data.parse(text, name="t.csv")

    expected = "expected the format that `iris-training import-data t.csv` writes"
    assert refused.value.lines == [f"t.csv:{one}, {expected}" for one in found]


@pytest.mark.parametrize("text", [text for text, _ in FORMATS.values()], ids=FORMATS)
def test_import_data_converts_to_the_same_numbers(text: str) -> None:
    dataset, _ = data.convert(text, name="t.csv")

    assert data.render(dataset.rows, dataset.labels) == SAMPLE


COLUMN_OF_THE_LAST_CELL = {"R with row names": 6, "Kaggle": 6}


@given(st.sampled_from([*FORMATS]), st.integers(2, 140))
def test_faults_keep_their_lines_in_every_format(name: str, line: int) -> None:
    lines = FORMATS[name][0].splitlines()
    lines[line] += "x"

    with pytest.raises(Invalid) as refused:
        data.convert("\n".join(lines), name="t.csv")

    assert [fault.partition(": ")[0] for fault in refused.value.lines] == [
        f"t.csv:{line + 1}:{COLUMN_OF_THE_LAST_CELL.get(name, 5)}"
    ]


MARKED: dict[str, Callable[[str], bytes]] = {
    "UTF-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16": lambda text: text.encode("utf-16"),
}


@pytest.mark.parametrize("encode", MARKED.values(), ids=MARKED)
def test_import_data_writes_a_file_that_trains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], encode: Callable[[str], bytes]
) -> None:
    other, ours = tmp_path / "iris.data", tmp_path / "data" / "iris.csv"
    other.write_bytes(encode(FORMATS["UCI"][0]))

    code = command.main(["import-data", str(other), "--output", str(ours)])

    assert code == 0
    assert capsys.readouterr().out == f"{ours}\n"
    assert ours.read_text() == SAMPLE


def test_import_data_never_replaces_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other, ours = tmp_path / "iris.data", tmp_path / "iris.csv"
    other.write_text(FORMATS["UCI"][0])
    ours.write_text("mine")

    code = command.main(["import-data", str(other), "--output", str(ours)])

    assert code == 2
    assert capsys.readouterr().err == (
        f"iris-training: {ours}: found a file already there, "
        f"expected another --output, or that file moved away (mv {ours} {ours}.old)\n"
    )
    assert ours.read_text() == "mine"


def test_a_byte_order_mark_is_refused_with_its_cure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "marked.csv"
    path.write_bytes(SAMPLE.encode("utf-8-sig"))

    code = command.main(["--data", str(path), "--output", str(tmp_path / "artifacts")])

    assert code == 2
    assert capsys.readouterr().err == (
        f"iris-training: {path}:1:1: found a UTF-8 byte order mark, "
        f"expected UTF-8 without a byte order mark, as `iris-training import-data {path}` writes it\n"
    )
