"""A trained version as an MLflow run: parameters, scores, its files, and a model that MLflow can load."""

import io
import json
import pickle
from collections.abc import Mapping
from typing import Any

from iris_training import names
from iris_training.registry import client
from iris_training.settings import Settings


def log(files: Mapping[str, bytes], settings: Settings) -> str:
    """The address of the new version of the registered model."""
    import joblib  # noqa: PLC0415 - slow, and a refusal should not wait for it

    named = names.build(settings.version)
    card = json.loads(files[named.card])
    # Our own bytes, a moment old. MLflow opens a plain pickle, which a joblib is not.
    pickled = pickle.dumps(joblib.load(io.BytesIO(files[named.joblib])), protocol=4)
    described = client.described(client.PICKLE, card["libraries"])
    return client.log(
        {**files, client.PICKLE: pickled, "MLmodel": described},
        _numbers(card),
        _texts(card, settings),
        settings.log_to or "",
    )


def _numbers(card: Mapping[str, Any]) -> dict[str, float]:
    scores = card["scores"]
    folds = scores["cross_validated_accuracy"]
    found = {
        "accuracy": scores["accuracy"],
        "cross_validated_accuracy": folds["mean"],
        "cross_validated_spread": folds["spread"],
    }
    found |= {f"recall_{name}": one["recall"] for name, one in scores["classes"].items()}
    for name in ("accuracy", "log_loss"):
        if comparison := card.get("comparison"):
            found |= {f"{name}_{key}": comparison[name][key] for key in ("difference", "low", "high")}
    return found


def _texts(card: Mapping[str, Any], settings: Settings) -> dict[str, str]:
    recipe = settings.recipe
    given = {f"estimator.{name}": str(value) for name, value in recipe.parameters.items()}
    return given | {
        "version": settings.version,
        "estimator": recipe.estimator,
        "scaler": recipe.scaler,
        "seed": str(settings.seed),
        "data_sha256": card["data"]["sha256"],
        "artifact_sha256": card["artifact"]["sha256"],
        "commit": str(card["training"]["commit"]),
    }
