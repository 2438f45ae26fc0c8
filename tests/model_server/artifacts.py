"""Artifact folders as training makes them, small enough to write in each test."""

import hashlib
import io
import json
import struct
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import joblib
from iris_model_server.model.model import ChunkRows

FEATURES: Final = ("sepal_length", "sepal_width", "petal_length", "petal_width")
CLASSES: Final = ["setosa", "versicolor", "virginica"]
RANGES: Final = ((4.3, 7.9), (2.0, 4.4), (1.0, 6.9), (0.1, 2.5))
# Rounder than training's, and of different lengths, as ties make them.
DISTRIBUTIONS: Final = {
    "sepal_length": {"edges": [5.0, 5.8, 6.5], "shares": [0.25, 0.25, 0.25, 0.25]},
    "sepal_width": {"edges": [3.0], "shares": [0.5, 0.5]},
    "petal_length": {
        "edges": [1.4, 1.5, 1.7, 3.9, 4.4, 4.7, 5.0, 5.3, 5.8],
        "shares": [0.16, 0.09, 0.07, 0.08, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1],
    },
    "petal_width": {"edges": [], "shares": [1.0]},
}
# Folded once by scikit-learn from the classic data: 80/20 split, seed 42.
WEIGHTS: Final = [
    [-1.222828181956259, 2.559818719921925, -1.038005321307215, -2.2592478452535776],
    [0.6436040201574286, -0.6332057892668981, -0.19518694249135782, -0.9612785646115438],
    [0.5792241617988294, -1.9266129306550264, 1.2331922637985724, 3.2205264098651214],
]
INTERCEPT: Final = [5.674271930684713, 2.047418168949049, -7.721690099633758]
# What scikit-learn's own pipeline says.
GOLDEN: Final = [
    {
        "input": [5.1, 3.5, 1.4, 0.2],
        "probabilities": [0.9790426981632894, 0.02095714270830958, 1.591284009687679e-07],
    },
    {
        "input": [6.0, 2.7, 4.2, 1.3],
        "probabilities": [0.013631340386040889, 0.8890398976381827, 0.09732876197577629],
    },
    {
        "input": [6.7, 3.0, 5.2, 2.3],
        "probabilities": [6.236307802005449e-05, 0.04902701648729357, 0.9509106204346864],
    },
    {
        "input": [7.9, 2.0, 6.9, 2.5],
        "probabilities": [5.972586331472114e-10, 0.0005835448514358273, 0.9994164545513056],
    },
]
NOT_A_PICKLE: Final = b"bytes that only their digest knows"


class Broken:
    """A model that always fails, in words that are no client's business."""

    source = "joblib"
    chunks = ChunkRows(plain=1024, arrays=1024)

    def probabilities(self, _: object) -> list[list[float]]:
        raise RuntimeError("secret path /srv/model")

    def probabilities_of(self, _: object) -> list[float]:
        raise RuntimeError("secret path /srv/model")


def card(version: str = "1.4.0", content: bytes = NOT_A_PICKLE, **changes: Any) -> dict[str, Any]:
    """A card that a server accepts, until a test changes it."""
    numbers = [weight for row in WEIGHTS for weight in row] + INTERCEPT
    made: dict[str, Any] = {
        "schema": 1,
        "version": version,
        "created": "2026-11-23T12:00:00Z",
        "artifact": {
            "file": f"model_pipeline_{version}.joblib",
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
        },
        "libraries": {name: metadata.version(name) for name in ("scikit-learn", "numpy", "joblib")},
        "features": [
            {"name": name, "unit": "cm", "minimum": low, "maximum": high}
            for name, (low, high) in zip(FEATURES, RANGES, strict=True)
        ],
        "distributions": DISTRIBUTIONS,
        "classes": CLASSES,
        "golden": GOLDEN,
        "linear": {
            "weights": WEIGHTS,
            "intercept": INTERCEPT,
            "sha256": hashlib.sha256(struct.pack("<15d", *numbers)).hexdigest(),
        },
    }
    return made | changes


def write(folder: Path, version: str = "1.4.0", content: bytes = NOT_A_PICKLE, **changes: Any) -> Path:
    """A folder with that version in it; the joblib is never opened while the weights fold."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"model_pipeline_{version}.joblib").write_bytes(content)
    made = card(version, content, **changes)
    (folder / f"model_pipeline_{version}.json").write_text(json.dumps(made), encoding="utf-8")
    return folder


def pickled(pipeline: object) -> bytes:
    """What joblib writes for it."""
    target = io.BytesIO()
    joblib.dump(pipeline, target)
    return target.getvalue()
