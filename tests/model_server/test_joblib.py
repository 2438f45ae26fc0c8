"""The joblib of an artifact: when it is opened, and what it must hold."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from iris_model_server.errors import ArtifactRefused
from iris_model_server.model import artifact
from sklearn.ensemble import RandomForestClassifier

from tests.model_server import artifacts
from tests.model_server.conftest import refused

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

    with pytest.raises(ArtifactRefused) as caught:
        artifact.load(folder, open_pickle=False)

    assert not trace.exists()
    assert str(caught.value) == (
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


class Undecided:
    """A model whose answer is no number."""

    def predict_proba(self, rows: list[object]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        return np.array([[entry["probabilities"][0], np.nan, 0.0] for entry in artifacts.GOLDEN[: len(rows)]])


def test_loading_refuses_a_model_that_answers_nan(tmp_path: Path) -> None:
    folder = artifacts.write(tmp_path, content=artifacts.pickled(Undecided()), linear=None)

    assert "golden[0]" in refused(folder)


def test_loading_refuses_a_missing_joblib_even_when_the_weights_fold(tmp_path: Path) -> None:
    artifacts.write(tmp_path)
    (tmp_path / "model_pipeline_1.4.0.joblib").unlink()

    assert "model_pipeline_1.4.0.joblib: No such file" in refused(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"), [(b"x" * 34, "sha256"), (b"x" * 35, "size")], ids=["same size", "other size"]
)
def test_loading_refuses_a_joblib_that_was_changed(tmp_path: Path, content: bytes, words: str) -> None:
    artifacts.write(tmp_path)
    (tmp_path / "model_pipeline_1.4.0.joblib").write_bytes(content)

    assert f"model_pipeline_1.4.0.joblib: {words}" in refused(tmp_path)


def test_loading_never_opens_a_pickle_whose_digest_differs(tmp_path: Path) -> None:
    write_unfolded(tmp_path, forest())
    file = tmp_path / "model_pipeline_1.4.0.joblib"
    file.write_bytes(artifacts.pickled(Bomb()).ljust(file.stat().st_size, b"."))

    assert "sha256" in refused(tmp_path)


@pytest.mark.parametrize("library", ["scikit-learn", "numpy"])
def test_loading_never_opens_a_pickle_of_other_libraries(tmp_path: Path, library: str) -> None:
    libraries = artifacts.card()["libraries"] | {library: "0.1"}
    artifacts.write(tmp_path, content=artifacts.pickled(Bomb()), linear=None, libraries=libraries)

    assert f"{library}: {artifacts.card()['libraries'][library]}, expected 0.1" in refused(tmp_path)


def test_another_joblib_version_is_only_informative(tmp_path: Path) -> None:
    libraries = artifacts.card()["libraries"] | {"joblib": "0.1", "python": "2.7"}

    assert artifact.load(write_unfolded(tmp_path, forest(), libraries=libraries)).model.source == "joblib"


@pytest.mark.parametrize(
    "content", [b"no pickle at all", artifacts.pickled({"a": "dictionary"})], ids=["text", "dict"]
)
def test_loading_refuses_what_is_no_pipeline(tmp_path: Path, content: bytes) -> None:
    artifacts.write(tmp_path, content=content, linear=None)

    assert "model_pipeline_1.4.0.joblib" in refused(tmp_path)


def test_loading_refuses_a_pipeline_of_other_classes(tmp_path: Path) -> None:
    two = RandomForestClassifier(n_estimators=2, random_state=7).fit(INPUTS, [0, 1, 1, 1])

    folder = artifacts.write(tmp_path, content=artifacts.pickled(two), linear=None)

    assert "classes_: ['0', '1'], expected ['setosa', 'versicolor', 'virginica'] or" in refused(folder)


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
        in refused(tmp_path)
    )
