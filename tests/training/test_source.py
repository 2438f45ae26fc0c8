"""Reading the data file: refused by kind, size and encoding before a parser sees it."""

import hashlib
import os
from pathlib import Path

import pytest
from iris_training import source
from iris_training.errors import Invalid


def test_a_source_has_text_and_digest_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_bytes(b"a,b\r\n1,2\r\n")

    loaded = source.load(path)

    assert loaded.text == "a,b\r\n1,2\r\n"
    assert loaded.sha256 == hashlib.sha256(b"a,b\r\n1,2\r\n").hexdigest()
    assert loaded.name == str(path)


def test_the_name_of_a_source_is_valid_text(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"m\xff.csv")
    path.write_bytes(b"a\n")

    name = source.load(path).name

    assert name.encode().decode() == name
    assert Path(name).name == "m\ufffd.csv"


@pytest.mark.parametrize(
    ("content", "where", "found"),
    [
        pytest.param(b"\xef\xbb\xbfsepal", ":1:1", "a UTF-8 byte order mark", id="UTF-8 mark"),
        pytest.param("sepal".encode("utf-16"), ":1:1", "UTF-16", id="UTF-16 little endian"),
        pytest.param(b"\xfe\xff\0s", ":1:1", "UTF-16", id="UTF-16 big endian"),
        pytest.param(b"a,b\n1,2,\xe9t\xe9\n", ":2:3", "the byte 0xe9", id="Latin-1"),
        pytest.param(b"\x89PNG\r\n", ":1:1", "the byte 0x89", id="a picture"),
    ],
)
def test_another_encoding_is_refused_with_line_and_column(
    tmp_path: Path, content: bytes, where: str, found: str
) -> None:
    path = tmp_path / "some.csv"
    path.write_bytes(content)

    with pytest.raises(Invalid) as refused:
        source.load(path)

    assert str(refused.value).startswith(f"{path}{where}: found {found}, expected ")


def test_a_file_of_two_gigabytes_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(2 * 1024**3)

    with pytest.raises(Invalid, match=r"found 2,048\.0 MiB or more, expected at most 16 MiB"):
        source.load(path)


def test_a_path_that_is_no_file_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    refusals = {
        tmp_path: "found a directory, expected a CSV file",
        pipe: "found a pipe or device, expected a CSV file",
        Path("/dev/zero"): "found a pipe or device, expected a CSV file",
        tmp_path / "typo.csv": "found No such file or directory, expected a CSV file that can be read",
        loop: "found Too many levels of symbolic links, expected a CSV file that can be read",
    }

    for path, line in refusals.items():
        with pytest.raises(Invalid) as refused:
            source.load(path)

        assert str(refused.value) == f"{path}: {line}"


def test_a_broken_link_does_not_count_as_missing(tmp_path: Path) -> None:
    link = tmp_path / "iris.csv"
    link.symlink_to(tmp_path / "gone.csv")

    assert not source.missing(link)
    assert source.missing(tmp_path / "gone.csv")
