"""Every way in which a folder can break the contract, each with the words that the refusal holds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from iris_model_server.errors import ArtifactRefused
from iris_model_server.model import artifact
from sklearn.ensemble import RandomForestClassifier

from tests.model_server import artifacts

INPUTS = [entry["input"] for entry in artifacts.GOLDEN]


class Bomb:
    """A pickle that proves by an exception that it was opened."""

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return _explode, ("opened",)


def _explode(_: str) -> object:
    pytest.fail("the pickle was opened")


def forest() -> RandomForestClassifier:
    """A model that does not fold."""
    return RandomForestClassifier(n_estimators=5, random_state=7).fit(INPUTS, [0, 1, 2, 2])


def write_unfolded(folder: Path, model: Any, **changes: Any) -> Path:
    golden = [
        {"input": row, "probabilities": shares.tolist()}
        for row, shares in zip(INPUTS, model.predict_proba(INPUTS), strict=True)
    ]
    return artifacts.write(
        folder, content=artifacts.pickled(model), **({"linear": None, "golden": golden} | changes)
    )


def refusal(folder: Path, expected_version: str | None = None) -> str:
    with pytest.raises(ArtifactRefused) as caught:
        artifact.load(folder, expected_version)
    line = str(caught.value)
    assert line.startswith("artifact refused: ")
    assert "\n" not in line
    return line


def test_folded_weights_serve_without_opening_the_joblib(tmp_path: Path) -> None:
    loaded = artifact.load(artifacts.write(tmp_path, content=artifacts.pickled(Bomb())))

    assert loaded.model.source == "folded"
    assert loaded.digest == f"sha256:{loaded.card.artifact.sha256}"


def test_a_model_that_does_not_fold_is_unpickled(tmp_path: Path) -> None:
    loaded = artifact.load(write_unfolded(tmp_path, forest()))

    assert loaded.model.source == "joblib"


def test_a_poisoned_joblib_is_not_opened_where_pickles_are_denied(tmp_path: Path) -> None:
    trace = tmp_path / "executed"
    poison = b"cos\nsystem\n(S'touch %b'\ntR." % str(trace).encode()
    folder = artifacts.write(tmp_path / "model", content=poison, linear=None)

    with pytest.raises(ArtifactRefused) as refused:
        artifact.load(folder, open_pickle=False)

    assert not trace.exists()
    assert str(refused.value) == (
        f"artifact refused: {folder}/model_pipeline_1.4.0.joblib: pickle: "
        "a model that only its joblib holds, "
        "expected weights or trees in the card, or IRIS_PICKLE=Allow (spec.server.pickle)"
    )
    # The same payload, allowed: it would have worked.
    with pytest.raises(ArtifactRefused):
        artifact.load(folder)
    assert trace.exists()


def test_a_model_that_is_data_serves_where_pickles_are_denied(tmp_path: Path) -> None:
    folder = artifacts.write(tmp_path, content=artifacts.pickled(Bomb()))

    assert artifact.load(folder, open_pickle=False).model.source == "folded"


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
    line = refusal(artifacts.write(tmp_path), "1.5.0")

    assert line == f"artifact refused: {tmp_path}: version: 1.4.0, expected 1.5.0 (IRIS_EXPECTED_VERSION)"


@pytest.mark.parametrize("made", [False, True], ids=["missing folder", "empty folder"])
def test_loading_refuses_a_folder_without_a_card(tmp_path: Path, made: bool) -> None:
    folder = tmp_path / "model"
    if made:
        folder.mkdir()

    found = "an empty folder" if made else "No such file or directory"
    assert f"{folder}: {found}, expected " in refusal(folder)


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
        "golden[0].input: 1 entries",
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
        "linear.weights: 1 entries, expected 3",
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

    assert words in refusal(folder)


def golden_off_by(difference: float) -> list[dict[str, list[float]]]:
    first, *others = artifacts.GOLDEN
    sure, *rest = first["probabilities"]
    return [*others, {"input": first["input"], "probabilities": [sure + difference, *rest]}]


@pytest.mark.parametrize("difference", [1.1e-9, -1.1e-9, 0.5])
def test_loading_refuses_a_model_that_does_not_repeat_its_golden_predictions(
    tmp_path: Path, difference: float
) -> None:
    folder = artifacts.write(tmp_path, golden=golden_off_by(difference))

    assert "model_pipeline_1.4.0.json: golden[3]: [0.979" in refusal(folder)


def test_golden_predictions_may_differ_by_rounding(tmp_path: Path) -> None:
    assert artifact.load(artifacts.write(tmp_path, golden=golden_off_by(0.9e-9))).model.source == "folded"


class Undecided:
    """A model whose answer is no number."""

    def predict_proba(self, rows: list[object]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        return np.array([[entry["probabilities"][0], np.nan, 0.0] for entry in artifacts.GOLDEN[: len(rows)]])


def test_loading_refuses_a_model_that_answers_nan(tmp_path: Path) -> None:
    folder = artifacts.write(tmp_path, content=artifacts.pickled(Undecided()), linear=None)

    assert "golden[0]" in refusal(folder)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"\xff\xfe", b"not json", b'{"schema": 1', b"[" * 100_000], ids=repr
)
def test_loading_refuses_a_card_that_is_none(tmp_path: Path, content: bytes) -> None:
    artifacts.write(tmp_path)
    (tmp_path / "model_pipeline_1.4.0.json").write_bytes(content)

    assert "model_pipeline_1.4.0.json" in refusal(tmp_path)


def test_loading_refuses_a_missing_joblib_even_when_the_weights_fold(tmp_path: Path) -> None:
    artifacts.write(tmp_path)
    (tmp_path / "model_pipeline_1.4.0.joblib").unlink()

    assert "model_pipeline_1.4.0.joblib: No such file" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"), [(b"x" * 34, "sha256"), (b"x" * 35, "size")], ids=["same size", "other size"]
)
def test_loading_refuses_a_joblib_that_was_changed(tmp_path: Path, content: bytes, words: str) -> None:
    artifacts.write(tmp_path)
    (tmp_path / "model_pipeline_1.4.0.joblib").write_bytes(content)

    assert f"model_pipeline_1.4.0.joblib: {words}" in refusal(tmp_path)


@pytest.mark.parametrize("ending", ["json", "joblib"])
def test_loading_refuses_what_cannot_be_read(tmp_path: Path, ending: str) -> None:
    file = artifacts.write(tmp_path) / f"model_pipeline_1.4.0.{ending}"
    file.unlink()
    # A folder cannot be read as a file by any user; permissions would not stop root.
    file.mkdir()

    assert f"{file}: Is a directory, expected a readable file" in refusal(tmp_path)


def test_loading_refuses_a_folder_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "model"
    file.touch()

    assert f"{file}: Not a directory, expected a readable folder" in refusal(file)


def test_loading_never_opens_a_pickle_whose_digest_differs(tmp_path: Path) -> None:
    write_unfolded(tmp_path, forest())
    file = tmp_path / "model_pipeline_1.4.0.joblib"
    file.write_bytes(artifacts.pickled(Bomb()).ljust(file.stat().st_size, b"."))

    assert "sha256" in refusal(tmp_path)


@pytest.mark.parametrize("library", ["scikit-learn", "numpy"])
def test_loading_never_opens_a_pickle_of_other_libraries(tmp_path: Path, library: str) -> None:
    libraries = artifacts.card()["libraries"] | {library: "0.1"}
    artifacts.write(tmp_path, content=artifacts.pickled(Bomb()), linear=None, libraries=libraries)

    assert f"{library}: {artifacts.card()['libraries'][library]}, expected 0.1" in refusal(tmp_path)


def test_another_joblib_version_is_only_informative(tmp_path: Path) -> None:
    libraries = artifacts.card()["libraries"] | {"joblib": "0.1", "python": "2.7"}

    assert artifact.load(write_unfolded(tmp_path, forest(), libraries=libraries)).model.source == "joblib"


@pytest.mark.parametrize(
    "content", [b"no pickle at all", artifacts.pickled({"a": "dictionary"})], ids=["text", "dict"]
)
def test_loading_refuses_what_is_no_pipeline(tmp_path: Path, content: bytes) -> None:
    artifacts.write(tmp_path, content=content, linear=None)

    assert "model_pipeline_1.4.0.joblib" in refusal(tmp_path)


def test_loading_refuses_a_pipeline_of_other_classes(tmp_path: Path) -> None:
    two = RandomForestClassifier(n_estimators=2, random_state=7).fit(INPUTS, [0, 1, 1, 1])

    folder = artifacts.write(tmp_path, content=artifacts.pickled(two), linear=None)

    assert "classes_: ['0', '1'], expected ['setosa', 'versicolor', 'virginica'] or" in refusal(folder)


@pytest.mark.parametrize(
    "names", [artifacts.CLASSES, [0.0, 1.0, 2.0], [0, 1, 2]], ids=["names", "floats", "numbers"]
)
def test_loading_takes_a_pipeline_whose_classes_are_in_the_cards_order(
    tmp_path: Path, names: list[Any]
) -> None:
    named = RandomForestClassifier(n_estimators=5, random_state=7).fit(
        INPUTS, [names[label] for label in (0, 1, 2, 2)]
    )

    assert artifact.load(write_unfolded(tmp_path, named)).card.classes == artifacts.CLASSES


def test_loading_refuses_a_card_whose_classes_are_in_another_order_than_the_pipelines(tmp_path: Path) -> None:
    """Golden predictions cannot show it: they hold probabilities, not names."""
    named = RandomForestClassifier(n_estimators=5, random_state=7).fit(
        INPUTS, [artifacts.CLASSES[label] for label in (0, 1, 2, 2)]
    )
    write_unfolded(tmp_path, named, classes=["versicolor", "setosa", "virginica"])

    assert (
        "classes_: ['setosa', 'versicolor', 'virginica'], expected ['versicolor', 'setosa', 'virginica'] or"
        in refusal(tmp_path)
    )
