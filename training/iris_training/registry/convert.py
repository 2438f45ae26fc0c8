"""A scikit-learn model of others as plain data, or the reason why it cannot be. Runs where it was opened."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from threadpoolctl import threadpool_limits

from iris_training import portable
from iris_training.columns import FEATURES

SCALERS = (StandardScaler, MinMaxScaler)


def convert(model: Any, rows: Sequence[Sequence[float]]) -> dict[str, Any]:
    """Its estimator, classes, features, weights or trees, and scikit-learn's answers to the rows."""
    steps = [step for _, step in model.steps] if isinstance(model, Pipeline) else [model]
    *before, classifier = [step for step in steps if step not in (None, "passthrough")]
    answer: dict[str, Any] = {
        "estimator": " + ".join(type(step).__name__ for step in [*before, classifier]),
        "classes": [str(label) for label in getattr(classifier, "classes_", [])],
        "features": [str(name) for name in getattr(steps[0], "feature_names_in_", FEATURES)],
    }
    if not hasattr(classifier, "predict_proba"):
        return answer | {"reason": "no classifier with predict_proba"}
    if len(before) > 1 or any(type(step) not in SCALERS for step in before):
        return answer | {"reason": "steps other than one StandardScaler or MinMaxScaler, and a classifier"}
    if getattr(steps[0], "n_features_in_", 0) != len(FEATURES):
        return answer | {"reason": f"{getattr(steps[0], 'n_features_in_', 0)} features"}
    fitted = Pipeline([*(("scale", step) for step in before), ("classify", classifier)])
    with threadpool_limits(1):
        form = portable.of(fitted, rows)
        probabilities = fitted.predict_proba(np.array(rows)).tolist()
    return answer | {
        "reason": form.reason,
        "linear": None if form.linear is None else asdict(form.linear),
        "trees": None if form.trees is None else asdict(form.trees),
        "probabilities": probabilities,
    }
