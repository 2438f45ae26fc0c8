"""The CSV parser: what it takes, what it refuses, and that it says where."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_training import columns, data, errors
from iris_training.errors import Invalid

HEADER = "sepal_length,sepal_width,petal_length,petal_width,species"
ROW = "5.1,3.5,1.4,0.2,setosa"

lengths = st.floats(min_value=0, max_value=data.LARGEST_LENGTH, exclude_min=True)
flowers = st.tuples(st.tuples(lengths, lengths, lengths, lengths), st.integers(0, 2))
# Some of each species first, so that the balance holds and the rest is free.
enough = [((5.1, 3.5, 1.4, 0.2), label) for label in (0, 1, 2)] * data.FEWEST_ROWS_PER_CLASS
tables = st.lists(flowers, max_size=20).map(lambda some: [*enough, *some])


def text_of(table: list[tuple[tuple[float, float, float, float], int]]) -> str:
    return data.render([row for row, _ in table], [label for _, label in table])


@given(tables)
def test_every_number_is_read_back_exactly(
    table: list[tuple[tuple[float, float, float, float], int]],
) -> None:
    text = text_of(table)

    dataset = data.parse(text, name="t.csv")

    assert list(zip(dataset.rows, dataset.labels, strict=True)) == table


@given(tables, st.sampled_from(["\r\n", "\r", "\n\n"]))
def test_the_reader_reads_any_line_ending_and_empty_lines_alike(
    table: list[tuple[tuple[float, float, float, float], int]], ending: str
) -> None:
    text = text_of(table)

    assert data.parse(text.replace("\n", ending), name="t.csv") == data.parse(text, name="t.csv")


@given(st.text(alphabet=f'0123456789.-+eE,\r\n"; {string.ascii_lowercase}\0é٣'))
def test_the_reader_answers_any_text_with_rows_or_with_one_line(text: str) -> None:
    body = f"{HEADER}\n{text_of(enough).partition(chr(10))[2]}{text}"

    answer = answer_to(body)

    if isinstance(answer, Invalid):
        assert all(line.startswith("t.csv:") or line.endswith(" more faults") for line in answer.lines)
        assert all(map(str.isprintable, answer.lines))
        assert len(answer.lines) <= errors.MOST_SHOWN + 1
    else:
        assert all(0 < value <= data.LARGEST_LENGTH for row in answer.rows for value in row)


def answer_to(text: str) -> data.Dataset | Invalid:
    try:
        return data.parse(text, name="t.csv")
    except Invalid as error:
        return error


BAD_CELLS = [
    "",
    " ",
    "abc",
    "nan",
    "NaN",
    "inf",
    "-inf",
    "1e999",
    "0",
    "0.0",
    "-1.4",
    "1_0",
    "5;1",
    "٣",
    "0x5",
    "101",
]


@given(tables, st.data(), st.sampled_from(BAD_CELLS))
def test_the_reader_names_line_and_column_of_a_bad_cell_wherever_it_is(
    table: list[tuple[tuple[float, float, float, float], int]], draw: st.DataObject, bad: str
) -> None:
    lines = text_of(table).splitlines()
    line = draw.draw(st.integers(1, len(table)))
    column = draw.draw(st.integers(0, 3))
    cells = lines[line].split(",")
    cells[column] = f'"{bad}"'
    lines[line] = ",".join(cells)

    with pytest.raises(Invalid) as refused:
        data.parse("\n".join(lines), name="t.csv")

    assert str(refused.value) == (
        f"t.csv:{line + 1}:{column + 1}: found {columns.FEATURES[column]} {bad!r}, "
        "expected a number above 0 and up to 100 (cm)"
    )


@pytest.mark.parametrize(
    ("text", "where", "found"),
    [
        pytest.param("", "1:1", "an empty file", id="empty"),
        pytest.param("\n\n", "1:1", "an empty file", id="only empty lines"),
        pytest.param(f"{HEADER}\n", "2:1", "no rows below the header", id="header only"),
        pytest.param(
            "sepal_length,sepal_width,petal_length,species\n", "1:4", "'species'", id="missing column"
        ),
        pytest.param(
            "sepal_length,sepal_width,petal_length,petal_width\n", "1:5", "4 columns", id="no species"
        ),
        pytest.param(f"{HEADER},colour\n", "1:6", "6 columns", id="extra column"),
        pytest.param(f"place,{HEADER}\n", "1:1", "'place'", id="extra first column"),
        pytest.param(
            HEADER.replace("width", "length"), "1:2", "the column 'sepal_length' twice", id="column twice"
        ),
        pytest.param(HEADER.title(), "1:1", "the header 'Sepal_Length,", id="header in another case"),
        pytest.param(HEADER.replace(",", ";"), "1:1", "semicolons or tabs between", id="semicolons"),
        pytest.param(f"{ROW}\n", "1:1", "no header", id="no header"),
        pytest.param(
            "5.1,3.5,1.4,setosa\n", "1:1", "no header and 4 columns", id="neither header nor column"
        ),
        pytest.param("5.1,3.5,1.4,0.2,rosa\n", "1:1", "no header and 5 columns", id="no header, other label"),
        pytest.param("colour\n", "1:1", "'colour'", id="one word"),
        pytest.param(f"{HEADER}\n{HEADER}\n{ROW}\n", "2:1", "the header a second time", id="header twice"),
        pytest.param(f"{HEADER}\n{ROW},9\n", "2:6", "6 columns", id="row too long"),
        pytest.param(f"{HEADER}\n{ROW}\n5.1,3.5,1.4\n", "3:4", "3 columns", id="row too short"),
        pytest.param(f"{HEADER}\n5.1,3.5,1.4,0.2,rosa\n", "2:5", "species 'rosa'", id="unknown label"),
        pytest.param(
            f"{HEADER}\n5.1,3.5,1.4,0.2,Setosa\n", "2:5", "species 'Setosa'", id="label in another case"
        ),
        pytest.param(f"{HEADER}\n" + f"{ROW}\n" * 50, "1:5", "0 rows of versicolor", id="one class"),
        pytest.param(
            text_of([*enough, *enough]).replace("virginica", "setosa", 6),
            "1:5",
            "4 rows of virginica",
            id="few rows",
        ),
        pytest.param(
            text_of([*enough, *enough]).replace("virginica", "setosa", 9),
            "1:5",
            "1 row of virginica",
            id="one row",
        ),
        pytest.param(f"{HEADER}\n5.1\n", "2:2", "1 column,", id="one column"),
        pytest.param(f'{HEADER}\n"5.1,3.5', "2:1", "unexpected end of data", id="open quote"),
        pytest.param(f"{HEADER}\n{ROW}{'a' * 9_000}\n", "2:5", "species 'setosaaaaa", id="long cell"),
        pytest.param(
            f"{HEADER}\n{'9' * 200_000}\n", "2:1", "field larger than field limit", id="endless cell"
        ),
    ],
)
def test_the_reader_refuses_a_bad_table_in_one_line(text: str, where: str, found: str) -> None:
    with pytest.raises(Invalid) as refused:
        data.parse(text, name="t.csv")

    assert str(refused.value).startswith(f"t.csv:{where}: found {found}")
    assert ", expected " in str(refused.value)
    assert len(str(refused.value)) < 300


def test_the_reader_names_every_fault_of_a_file_by_line_and_column() -> None:
    text = f"{HEADER}\n{ROW}\nx,3.5,1.4,-1,rose\n5.1,3.5\n{HEADER}\n5.1,3.5,1e9,0.2,setosa\n"

    with pytest.raises(Invalid) as refused:
        data.parse(text, name="t.csv")

    assert refused.value.lines == [
        "t.csv:3:1: found sepal_length 'x', expected a number above 0 and up to 100 (cm)",
        "t.csv:3:4: found petal_width '-1', expected a number above 0 and up to 100 (cm)",
        "t.csv:3:5: found species 'rose', expected one of setosa, versicolor, virginica",
        "t.csv:4:3: found 2 columns, expected 5 columns",
        "t.csv:5:1: found the header a second time, expected a row of measurements",
        "t.csv:6:3: found petal_length '1e9', expected a number above 0 and up to 100 (cm)",
    ]


def test_the_reader_shows_the_first_of_many_faults_and_their_number() -> None:
    text = f"{HEADER}\n" + "0,3.5,1.4,0.2,setosa\n" * 1000

    with pytest.raises(Invalid) as refused:
        data.parse(text, name="t.csv")

    assert len(refused.value.lines) == errors.MOST_SHOWN + 1
    assert refused.value.lines[-1] == f"and {1000 - errors.MOST_SHOWN} more faults"


def test_the_reader_keeps_the_message_on_one_line_whatever_the_cell_holds() -> None:
    text = f'{HEADER}\n"5\n\x1b[31m1",3.5,1.4,0.2,setosa\n'

    with pytest.raises(Invalid) as refused:
        data.parse(text, name="odd\nname.csv")

    assert str(refused.value).isprintable()


def test_sample_is_the_classic_table() -> None:
    text = data.sample()

    dataset = data.parse(text, name="sample")
    assert text.splitlines()[:2] == [HEADER, ROW]
    assert text.splitlines()[-1] == "5.9,3.0,5.1,1.8,virginica"
    assert [dataset.labels.count(label) for label in range(3)] == [50, 50, 50]
