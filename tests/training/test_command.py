"""The command as a person types it: streams, exit codes, one-line refusals, Ctrl-C."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from iris_training import __main__ as command

HEADER = "sepal_length,sepal_width,petal_length,petal_width,species"
LINES = re.compile(r"iris-training: [^\n]+: found [^\n]+, expected [^\n]+\n")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in; the environment is put back afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    return tmp_path


def test_help_lists_every_option_and_exits_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        command.main(["--help"])

    page = capsys.readouterr().out
    assert left.value.code == 0
    assert all(option in page for option in ("--data", "--output", "--version", "--seed", HEADER))
    assert max(map(len, page.splitlines())) <= 100


@pytest.mark.parametrize(
    ("words", "found"),
    [
        pytest.param(["--colour", "red"], "unrecognized arguments: --colour red", id="unknown option"),
        pytest.param(["--seed"], "argument --seed: expected one argument", id="no value"),
        pytest.param(["--vers", "1"], "unrecognized arguments", id="abbreviation"),
        pytest.param(["--version", "a/b"], "--version: found 'a/b'", id="version"),
        pytest.param(["--version", "1.4"], "--version: found '1.4', which YAML does not", id="number"),
        pytest.param(["--seed", "-1"], "--seed: found '-1'", id="seed"),
        pytest.param(["--estimator", "svm"], "--estimator: found 'svm'", id="estimator"),
        pytest.param(["--param", "C=0"], "--param C: found '0'", id="parameter"),
        pytest.param(["--data", "typo.csv"], "typo.csv: found No such file or directory", id="data missing"),
        pytest.param(["--data", "."], ".: found a directory", id="data a directory"),
        pytest.param(["--data", "bad.csv"], "bad.csv:2:1: found sepal_length 'x'", id="bad cell"),
        pytest.param(["--output", "bad.csv"], "which is not a folder", id="output a file"),
        pytest.param(["--output", "bad.csv/below"], "which is not a folder", id="output below a file"),
    ],
)
def test_a_refusal_is_one_line_with_exit_2_and_writes_nothing(
    home: Path, capsys: pytest.CaptureFixture[str], words: list[str], found: str
) -> None:
    (home / "bad.csv").write_text(f"{HEADER}\nx,3.5,1.4,0.2,setosa\n")

    code = command.main(words)

    printed = capsys.readouterr()
    assert code == 2
    assert printed.out == ""
    assert LINES.fullmatch(printed.err)
    assert found in printed.err
    assert [path.name for path in home.iterdir()] == ["bad.csv"]


def test_a_file_of_rows_is_not_imported_as_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    code = command.main(["import", "iris.data"])

    assert code == 2
    assert capsys.readouterr().err == (
        "iris-training: 'iris.data': found no registered model, expected models:/NAME@ALIAS or "
        "models:/NAME/VERSION (import-data converts a file of rows)\n"
    )


def test_a_model_is_not_imported_without_rows_that_judge_it(capsys: pytest.CaptureFixture[str]) -> None:
    code = command.main(["import", "models:/iris@champion", "--from", "http://127.0.0.1:5000"])

    assert code == 2
    assert capsys.readouterr().err == (
        "iris-training: --data: found nothing, expected the CSV file with the rows that judge the model\n"
    )


def test_the_command_trains_in_an_empty_folder_and_prints_the_path(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = command.main(["--version", "1.4.0"])

    assert code == 0
    assert capsys.readouterr().out == "artifacts/model_pipeline_1.4.0.joblib\n"
    assert sorted(path.name for path in (home / "artifacts").iterdir()) == [
        "model_pipeline_1.4.0.confusion_matrix.png",
        "model_pipeline_1.4.0.joblib",
        "model_pipeline_1.4.0.json",
        "model_pipeline_1.4.0.md",
    ]
    assert [path.name for path in (home / "data").iterdir()] == ["iris.csv"]


def test_an_existing_version_is_kept_and_reported(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "artifacts").mkdir()
    card = home / "artifacts" / "model_pipeline_1.4.0.json"
    card.write_text("{}")

    code = command.main(["--version", "1.4.0"])

    assert code == 2
    assert "found this version already there" in capsys.readouterr().err
    assert card.read_text() == "{}"
    assert not (home / "data").exists()


def run(words: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


MODULE = [sys.executable, "-m", "iris_training"]


@pytest.mark.process
def test_changed_data_under_a_version_that_is_there_is_refused_with_both_digests(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--version", "1.4.0"]) == 0
    data = home / "data" / "iris.csv"
    card = home / "artifacts" / "model_pipeline_1.4.0.json"
    trained = json.loads(card.read_text())["data"]["sha256"]
    data.write_text(data.read_text() + "5.0,3.5,1.4,0.2,setosa\n")
    capsys.readouterr()

    assert command.main(["--version", "1.4.0"]) == 2

    assert capsys.readouterr().err == (
        "iris-training: artifacts/model_pipeline_1.4.0.json: found this version already there, "
        f"trained from data sha256 {trained}, expected a new --version for data/iris.csv with sha256 "
        f"{hashlib.sha256(data.read_bytes()).hexdigest()}; a version is never replaced\n"
    )


def test_progress_goes_to_standard_error(tmp_path: Path) -> None:
    ended = run(MODULE, tmp_path, MPLBACKEND="no-such-backend")

    assert ended.returncode == 0, ended.stderr
    assert re.fullmatch(r"artifacts/model_pipeline_1\.0\.\d{8}_\d{6}\.joblib\n", ended.stdout)
    assert (tmp_path / ended.stdout.strip()).is_file()
    said = [
        "data: data/iris.csv was missing, wrote the classic sample data there",
        "data: data/iris.csv, 150 rows, sha256 ",
        "accuracy: 1.0000 ",
        "cross-validated accuracy: 0.9533 ± 0.0452 (5 folds)",
        "classification report:",
    ]
    places = [ended.stderr.find(line) for line in said]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.process
def test_weights_and_joblib_do_not_depend_on_the_processor(tmp_path: Path) -> None:
    digests = set()
    for core, threads in (("Prescott", "1"), ("Haswell", "2"), ("", "2")):
        version = f"1.{core}"
        environment = {"OPENBLAS_CORETYPE": core} if core else {}
        ended = run(
            [*MODULE, "--version", f"{version}x"], tmp_path, OPENBLAS_NUM_THREADS=threads, **environment
        )
        assert ended.returncode == 0, ended.stderr
        card = json.loads((tmp_path / "artifacts" / f"model_pipeline_{version}x.json").read_text())
        digests.add((card["artifact"]["sha256"], card["linear"]["sha256"]))

    assert len(digests) == 1


@pytest.mark.process
def test_a_full_disk_is_reported_in_one_line_and_leaves_no_file(tmp_path: Path) -> None:
    """A file size limit fails the picture's write as a full disk does, without needing one."""
    ended = run(["bash", "-c", 'ulimit -f 8; exec "$@"', "bash", *MODULE], tmp_path)

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.splitlines()[-1] == (
        "iris-training: artifacts: found File too large, expected room for a few hundred kilobytes"
    )
    assert [*(tmp_path / "artifacts").iterdir()] == []


@pytest.mark.process
def test_the_printed_path_has_the_bytes_of_the_file_name(tmp_path: Path) -> None:
    words = [*map(os.fsencode, MODULE), b"--version", b"1.0.0", b"--output", b"m\xff\xc3\xa9"]

    ended = subprocess.run(
        words,
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=120,
        check=False,
    )

    assert ended.stdout == b"m\xff\xc3\xa9/model_pipeline_1.0.0.joblib\n", ended.stderr


@pytest.mark.process
def test_a_full_standard_output_is_reported_in_one_line(tmp_path: Path) -> None:
    ended = run(["bash", "-c", 'exec "$@" >/dev/full', "bash", *MODULE], tmp_path)

    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith(
        "iris-training: standard output: found No space left on device, expected room for the path artifacts/"
    )


@pytest.mark.process
def test_an_interrupt_exits_with_130_and_leaves_no_artifact(tmp_path: Path) -> None:
    # A shell's background job, as a test run may be, ignores Ctrl-C and hands that on to what it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        started = subprocess.Popen(
            MODULE, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert started.stderr
    first = started.stderr.readline()

    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=60)

    assert first.startswith("data: ")
    assert started.returncode == 130
    assert out == ""
    assert err.splitlines()[-1] == "iris-training: interrupted"
    assert "Traceback" not in err
    assert not (tmp_path / "artifacts").exists()
