"""What a trained version says and predicts: the published digits, the contract's card, determinism."""

import hashlib
import io
import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from iris_training import artifact, columns, data, fit, linear, revision
from iris_training.estimators import Recipe
from iris_training.linear import Linear
from iris_training.settings import Settings
from iris_training.source import Source

SETTINGS = Settings(
    data=Path("data/iris.csv"),
    output=Path("artifacts"),
    version="1.4.0",
    seed=42,
    now=datetime(2026, 11, 23, 12, 0, 0, 987654, tzinfo=UTC),
)
JOBLIB, PICTURE, MODEL_CARD, CARD = (
    f"model_pipeline_1.4.0.{ending}" for ending in ("joblib", "confusion_matrix.png", "md", "json")
)


def source_of(text: str) -> Source:
    return Source(name="data/iris.csv", text=text, sha256=hashlib.sha256(text.encode()).hexdigest())


def built(text: str, settings: Settings = SETTINGS) -> dict[str, bytes]:
    return artifact.build(source_of(text), data.parse(text, name="data/iris.csv"), settings)


@pytest.fixture(scope="module")
def sample() -> str:
    return data.sample()


@pytest.fixture(scope="module")
def files(sample: str) -> dict[str, bytes]:
    return built(sample)


@pytest.fixture(scope="module")
def card(files: dict[str, bytes]) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(files[CARD])
    return read


@pytest.fixture(scope="module")
def pipeline(files: dict[str, bytes]) -> Any:
    return joblib.load(io.BytesIO(files[JOBLIB]))


def test_the_card_gives_the_published_probabilities_to_nine_digits(
    pipeline: Any, card: dict[str, Any]
) -> None:
    row = [5.1, 3.5, 1.4, 0.2]

    by_pipeline = pipeline.predict_proba([row])[0]
    by_weights = linear.predict(weights_of(card), [row])[0]

    for probabilities in (by_pipeline, by_weights):
        assert [f"{one:.9g}" for one in probabilities] == ["0.979042698", "0.0209571427", "1.59128401e-07"]


def test_pipeline_is_what_scikit_learn_fits_to_eleven_digits(pipeline: Any, sample: str) -> None:
    parts = fit.split(data.parse(sample, name="sample"), name="sample")
    plain = fit.pipeline(Recipe(), seed=42).fit(parts.fitted_rows, parts.fitted_labels)

    assert np.abs(pipeline["classify"].coef_ - plain["classify"].coef_).max() < 1e-11
    assert np.abs(pipeline["classify"].intercept_ - plain["classify"].intercept_).max() < 1e-11


def weights_of(card: dict[str, Any]) -> Linear:
    return Linear(tuple(map(tuple, card["linear"]["weights"])), tuple(card["linear"]["intercept"]))


def test_folded_weights_answer_like_the_pipeline_on_random_rows(pipeline: Any, card: dict[str, Any]) -> None:
    rows = np.random.default_rng(7).uniform(0.05, 12, size=(10_000, 4))

    by_pipeline = pipeline.predict_proba(rows)
    by_weights = linear.predict(weights_of(card), rows)

    assert np.abs(by_weights - by_pipeline).max() < 1e-12
    assert (by_weights.argmax(axis=1) == pipeline.predict(rows)).all()


def test_card_keeps_the_contract(card: dict[str, Any], files: dict[str, bytes], sample: str) -> None:
    elsewhere = {"libraries", "scores", "golden", "linear", "reference"}
    own = {key: value for key, value in card.items() if key not in elsewhere}

    assert set(own.pop("distributions")) == set(columns.FEATURES)
    assert own == {
        "schema": 1,
        "version": "1.4.0",
        "created": "2026-11-23T12:00:00Z",
        "artifact": {
            "file": JOBLIB,
            "sha256": hashlib.sha256(files[JOBLIB]).hexdigest(),
            "bytes": len(files[JOBLIB]),
        },
        "features": [
            {"name": "sepal_length", "unit": "cm", "minimum": 4.3, "maximum": 7.9},
            {"name": "sepal_width", "unit": "cm", "minimum": 2.0, "maximum": 4.4},
            {"name": "petal_length", "unit": "cm", "minimum": 1.0, "maximum": 6.9},
            {"name": "petal_width", "unit": "cm", "minimum": 0.1, "maximum": 2.5},
        ],
        "classes": ["setosa", "versicolor", "virginica"],
        "data": {
            "source": "data/iris.csv",
            "sha256": hashlib.sha256(sample.encode()).hexdigest(),
            "rows": 150,
        },
        "training": {
            "seed": 42,
            "test_fraction": 0.2,
            "estimator": "StandardScaler + LogisticRegression",
            "recipe": {"estimator": "logistic-regression", "parameters": {}, "scaler": "standard"},
            "commit": revision.of(),
        },
    }
    assert set(card["libraries"]) == {"python", "scikit-learn", "numpy", "joblib"}
    assert card["libraries"]["numpy"] == np.__version__


def test_scores_are_those_of_the_rows_held_back(card: dict[str, Any], pipeline: Any, sample: str) -> None:
    parts = fit.split(data.parse(sample, name="sample"), name="sample")
    scores = card["scores"]

    assert scores["accuracy"] == pipeline.score(parts.held_rows, parts.held_labels)
    assert sum(map(sum, scores["confusion_matrix"])) == len(parts.held_labels) == 30
    assert [sum(row) for row in scores["confusion_matrix"]] == [
        scores["classes"][label]["support"] for label in columns.CLASSES
    ]
    assert set(scores["classes"]["setosa"]) == {"precision", "recall", "f1", "support"}
    assert scores["cross_validated_accuracy"] == pytest.approx(
        {"mean": 0.95333, "spread": 0.04522, "folds": 5}, abs=1e-5
    )


def test_golden_predictions_hold_every_class_and_every_corner(card: dict[str, Any], pipeline: Any) -> None:
    inputs = [tuple(one["input"]) for one in card["golden"]]
    winners = {int(np.argmax(one["probabilities"])) for one in card["golden"]}
    corners = set(itertools.product(*((one["minimum"], one["maximum"]) for one in card["features"])))

    assert winners == {0, 1, 2}
    assert corners <= set(inputs)
    assert len(set(inputs)) == len(inputs) == 19
    for one in card["golden"]:
        assert pipeline.predict_proba([one["input"]])[0].tolist() == one["probabilities"]


def test_same_data_and_seed_give_the_same_bytes_and_weights(files: dict[str, bytes], sample: str) -> None:
    later = built(sample, replace(SETTINGS, version="1.4.1", now=SETTINGS.now + timedelta(days=1)))

    assert later["model_pipeline_1.4.1.joblib"] == files[JOBLIB]
    assert later["model_pipeline_1.4.1.confusion_matrix.png"] == files[PICTURE]
    assert json.loads(later["model_pipeline_1.4.1.json"])["linear"] == json.loads(files[CARD])["linear"]


def test_one_changed_cell_gives_other_weights(files: dict[str, bytes], sample: str) -> None:
    by_cell = json.loads(built(sample.replace("4.9,3.0,1.4,0.2", "4.9,3.0,1.5,0.2"))[CARD])

    assert by_cell["linear"]["sha256"] != json.loads(files[CARD])["linear"]["sha256"]


def test_another_seed_changes_neither_the_split_nor_the_weights(files: dict[str, bytes], sample: str) -> None:
    by_seed = built(sample, replace(SETTINGS, seed=7))

    assert by_seed[JOBLIB] == files[JOBLIB]
    assert json.loads(by_seed[CARD])["reference"] == json.loads(files[CARD])["reference"]


def test_reference_rows_are_those_held_back_with_their_classes(card: dict[str, Any], sample: str) -> None:
    dataset = data.parse(sample, name="sample")
    parts = fit.split(dataset, name="sample")
    rows = [tuple(row) for row in card["reference"]["rows"]]

    assert set(rows) == set(map(tuple, parts.held_rows.tolist()))
    assert not set(rows) & set(map(tuple, parts.fitted_rows.tolist()))
    expected = [columns.CLASSES[dataset.labels[dataset.rows.index(row)]] for row in rows]
    assert card["reference"]["labels"] == expected
    assert card["reference"]["rule"] == "lengths-1"


def test_digest_of_the_weights_can_be_computed_from_the_card(card: dict[str, Any]) -> None:
    numbers = [*itertools.chain.from_iterable(card["linear"]["weights"]), *card["linear"]["intercept"]]

    assert card["linear"]["sha256"] == hashlib.sha256(np.array(numbers, dtype="<f8").tobytes()).hexdigest()


def test_the_card_is_the_last_file(files: dict[str, bytes]) -> None:
    assert [*files] == [JOBLIB, PICTURE, MODEL_CARD, CARD]


def test_model_card_shows_picture_scores_and_origin(files: dict[str, bytes], card: dict[str, Any]) -> None:
    page = files[MODEL_CARD].decode()

    assert page.startswith("# Iris classifier 1.4.0\n")
    assert f"]({PICTURE})" in page
    assert "0.953 ± 0.045 (5 folds)" in page
    assert "| setosa | 1.000 | 1.000 | 1.000 | 10 |" in page
    assert "| sepal_length | cm | 4.3 | 7.9 |" in page
    assert card["artifact"]["sha256"] in page
    assert card["linear"]["sha256"] in page


def test_model_card_table_survives_an_odd_path(sample: str) -> None:
    origin = replace(source_of(sample), name="a|b`c\n\udcff.csv")

    page = artifact.build(origin, data.parse(sample, name="sample"), SETTINGS)[MODEL_CARD].decode()

    assert "| data | `a?b?c??.csv`, 150 rows |" in page


def test_picture_is_a_png_of_readable_size(files: dict[str, bytes]) -> None:
    header = files[PICTURE][:24]

    assert header.startswith(b"\x89PNG\r\n\x1a\n")
    assert int.from_bytes(header[16:20]) >= 500
    assert int.from_bytes(header[20:24]) >= 400


def test_the_card_leaves_folded_weights_out_where_they_would_differ() -> None:
    """A column that hardly varies is scaled up so far that folding loses its digits."""
    rows = [(5 + index % 7, 3 + index % 5, 50 + (index % 3) * 1e-9, 1.0) for index in range(60)]
    text = data.render(rows, [index % 3 for index in range(60)])

    files = built(text)

    assert json.loads(files[CARD])["linear"] is None
    assert b"| as data | no: weights: differ from scikit-learn by more than 1e-09 |" in files[MODEL_CARD]
