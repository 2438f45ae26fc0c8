"""`iris key`: a new key with its lines for Git, and the check of one."""

import io

import pytest
import yaml
from iris_api import keys
from iris_cli.__main__ import main


def made(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[str, list[dict[str, object]]]:
    assert main(["key", "new", "shop", *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    return lines[1], yaml.safe_load("\n".join(lines[4:]))


def test_a_new_key_comes_with_its_lines_for_git(capsys: pytest.CaptureFixture[str]) -> None:
    key, listed = made(capsys, "--rate", "50", "--not-after", "2027-01-31T00:00:00Z")

    assert keys.fault(key) == ""
    assert listed == [
        {
            "name": "shop",
            "sha256": keys.digest(key),
            "requestsPerSecond": 50,
            "notAfter": "2027-01-31T00:00:00Z",
        }
    ]


def test_no_two_keys_are_alike(capsys: pytest.CaptureFixture[str]) -> None:
    assert len({made(capsys)[0] for _ in range(20)}) == 20


def test_the_check_of_a_key_prints_its_digest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, _ = made(capsys)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{key}\n"))

    assert main(["key", "check"]) == 0
    assert capsys.readouterr().out == f"sha256: {keys.digest(key)}\n"


def test_the_check_of_a_mistyped_key_names_the_checksum_and_not_the_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, _ = made(capsys)
    monkeypatch.setattr("sys.stdin", io.StringIO(key[:-1] + ("a" if key[-1] != "a" else "b")))

    assert main(["key", "check"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("iris: key: its checksum does not match")
    assert key[5:20] not in said


@pytest.mark.parametrize(
    "words",
    [
        ("new",), ("new", "Shop"), ("new", "shop", "--rate", "0"), ("new", "shop", "--rate", "many"),
        ("new", "shop", "--not-after", "tomorrow"), (),
        ("new", "shop", "--not-after", "2027-02-30T00:00:00Z"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_wrong_question_about_keys_is_refused_in_one_line(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["key", *words]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith("iris: options: ")
