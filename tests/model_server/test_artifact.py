"""Every way in which a folder or its card can break the contract, each with the words of the refusal."""

import json
from pathlib import Path
from typing import Any

import pytest
from iris_model_server.model import artifact

from tests.model_server import artifacts
from tests.model_server.conftest import refused

INPUTS = [entry["input"] for entry in artifacts.GOLDEN]


def test_loading_takes_the_newest_by_its_moment_and_not_by_its_name(tmp_path: Path) -> None:
    artifacts.write(tmp_path, "9.0.0", created="2026-11-23T12:00:00Z")
    artifacts.write(tmp_path, "1.0.0", created="2026-11-23T12:00:00.5Z")

    assert artifact.load(tmp_path).card.version == "1.0.0"


def test_loading_takes_the_expected_version_whatever_else_is_there(tmp_path: Path) -> None:
    artifacts.write(tmp_path, "1.0.0")
    artifacts.write(tmp_path, "2.0.0", created="2027-01-01T00:00:00Z")
    (tmp_path / "model_pipeline_3.0.0.json").write_text("broken", encoding="utf-8")

    assert artifact.load(tmp_path, "1.0.0").card.version == "1.0.0"


def test_loading_refuses_another_version_than_the_expected_one(tmp_path: Path) -> None:
    line = refused(artifacts.write(tmp_path), "1.5.0")

    assert line == f"artifact refused: {tmp_path}: version: 1.4.0, expected 1.5.0 (IRIS_EXPECTED_VERSION)"


@pytest.mark.parametrize("made", [False, True], ids=["missing folder", "empty folder"])
def test_loading_refuses_a_folder_without_a_card(tmp_path: Path, made: bool) -> None:
    folder = tmp_path / "model"
    if made:
        folder.mkdir()

    found = "an empty folder" if made else "No such file or directory"
    assert f"{folder}: {found}, expected " in refused(folder)


CARD_CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "another schema": ({"schema": 3}, "schema: 3, expected 1 or 2, which this server reads (a newer schema"),
    "another schema and another form": ({"schema": 3, "classes": {}}, "schema: 3, expected 1 or 2, which"),
    "another version than its file name": (
        {"version": "1.4.1"},
        "version: 1.4.1, expected the version in the file",
    ),
    "a version that is no tag": ({"version": "1.4 0"}, "version: '1.4 0'"),
    "no moment": ({"created": "yesterday"}, "created: 'yesterday'"),
    "a moment without a zone": ({"created": "2026-11-23T12:00:00"}, "created: '2026-11-23T12:00:00'"),
    "features in another order": (
        {"features": artifacts.card()["features"][::-1]},
        "features: ['petal_width'",
    ),
    "one class": ({"classes": ["setosa"]}, "classes"),
    "a class twice": ({"classes": ["setosa", "setosa", "virginica"]}, "classes: ['setosa', 'setosa'"),
    "no golden predictions": ({"golden": []}, "golden"),
    "a short golden input": (
        {"golden": [{"input": [1.0], "probabilities": [1, 0, 0]}]},
        "golden[0].input: 1 entry",
    ),
    "a short golden answer": (
        {"golden": [{"input": INPUTS[0], "probabilities": [1]}]},
        "golden[0].probabilities",
    ),
    "a range upside down": (
        {
            "features": [
                {"name": name, "unit": "cm", "minimum": 5, "maximum": 4} for name in artifacts.FEATURES
            ]
        },
        "features.sepal_length: minimum 5.0, maximum 4.0",
    ),
    "weights of another shape": (
        {"linear": {"weights": [[1.0]], "intercept": [1.0], "sha256": "0" * 64}},
        "linear.weights: 1 entry, expected 3",
    ),
    "weights that were changed": (
        {"linear": artifacts.card()["linear"] | {"intercept": [0.0, 0.0, 0.0]}},
        "linear.sha256",
    ),
    "reference rows without their labels": (
        {"reference": {"rule": "lengths-1", "rows": [INPUTS[0]], "labels": []}},
        "reference.labels: 0 entries, expected 1",
    ),
    "a short reference row": (
        {"reference": {"rule": "lengths-1", "rows": [[1.0]], "labels": ["setosa"]}},
        "$.reference.rows[0]",
    ),
    "too many reference rows": (
        {"reference": {"rule": "lengths-1", "rows": [INPUTS[0]] * 201, "labels": ["setosa"] * 201}},
        "$.reference.rows",
    ),
    "a path out of the folder": (
        {"artifact": {"file": "../evil.joblib", "sha256": "0" * 64, "bytes": 1}},
        "artifact.file: '../evil.joblib'",
    ),
    "a digest that is none": (
        {"artifact": {"file": "x.joblib", "sha256": "short", "bytes": 1}},
        "artifact.sha256",
    ),
}


@pytest.mark.parametrize(("changes", "words"), CARD_CHANGES.values(), ids=CARD_CHANGES)
def test_loading_refuses_a_card_with(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    folder = artifacts.write(tmp_path)
    card = tmp_path / "model_pipeline_1.4.0.json"
    card.write_text(json.dumps(artifacts.card() | changes), encoding="utf-8")

    assert words in refused(folder)


def golden_off_by(difference: float) -> list[dict[str, list[float]]]:
    first, *others = artifacts.GOLDEN
    sure, *rest = first["probabilities"]
    return [*others, {"input": first["input"], "probabilities": [sure + difference, *rest]}]


@pytest.mark.parametrize("difference", [1.1e-9, -1.1e-9, 0.5])
def test_loading_refuses_a_model_that_does_not_repeat_its_golden_predictions(
    tmp_path: Path, difference: float
) -> None:
    folder = artifacts.write(tmp_path, golden=golden_off_by(difference))

    assert "model_pipeline_1.4.0.json: golden[3]: [0.979" in refused(folder)


def test_golden_predictions_may_differ_by_rounding(tmp_path: Path) -> None:
    assert artifact.load(artifacts.write(tmp_path, golden=golden_off_by(0.9e-9))).model.source == "folded"


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff\xfe", b"not json", b'{"schema": 1', b"[" * 100_000], ids=repr
)
def test_loading_refuses_a_card_that_is_none(tmp_path: Path, content: bytes) -> None:
    artifacts.write(tmp_path)
    (tmp_path / "model_pipeline_1.4.0.json").write_bytes(content)

    assert "model_pipeline_1.4.0.json" in refused(tmp_path)


@pytest.mark.parametrize("ending", ["json", "joblib"])
def test_loading_refuses_what_cannot_be_read(tmp_path: Path, ending: str) -> None:
    file = artifacts.write(tmp_path) / f"model_pipeline_1.4.0.{ending}"
    file.unlink()
    # A folder cannot be read as a file by any user; permissions would not stop root.
    file.mkdir()

    assert f"{file}: Is a directory, expected a readable file" in refused(tmp_path)


def test_loading_refuses_a_folder_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "model"
    file.touch()

    assert f"{file}: Not a directory, expected a readable folder" in refused(file)
