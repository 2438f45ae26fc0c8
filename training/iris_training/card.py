"""The JSON card: the contract between training and whoever serves the artifact. Pure."""

import json
from dataclasses import asdict

from iris_training import names
from iris_training.data import CLASSES, UNIT
from iris_training.facts import Facts
from iris_training.fit import ESTIMATOR, TEST_FRACTION

SCHEMA = 1


def build(facts: Facts) -> dict[str, object]:
    """The card as plain data, in the order a person reads it."""
    return {
        "schema": SCHEMA,
        "version": facts.version,
        "created": f"{facts.created:%Y-%m-%dT%H:%M:%SZ}",
        "artifact": {
            "file": names.build(facts.version).joblib,
            "sha256": facts.joblib_sha256,
            "bytes": facts.joblib_bytes,
        },
        "libraries": dict(facts.libraries),
        "features": [
            {"name": feature.name, "unit": UNIT, "minimum": feature.minimum, "maximum": feature.maximum}
            for feature in facts.features
        ],
        "distributions": {feature.name: asdict(feature.distribution) for feature in facts.features},
        "classes": list(CLASSES),
        "scores": _scores(facts),
        "data": {"source": facts.data_source, "sha256": facts.data_sha256, "rows": facts.data_rows},
        "training": {"seed": facts.seed, "test_fraction": TEST_FRACTION, "estimator": ESTIMATOR},
        "golden": [
            {"input": list(golden.input), "probabilities": list(golden.probabilities)}
            for golden in facts.golden
        ],
        "linear": _linear(facts),
    }


def render(card: dict[str, object]) -> bytes:
    """Numbers keep every digit; a number JSON cannot say is an error, not a word readers stumble on."""
    return (json.dumps(card, indent=2, allow_nan=False) + "\n").encode()


def _scores(facts: Facts) -> dict[str, object]:
    scores = facts.scores
    return {
        "accuracy": scores.accuracy,
        "cross_validated_accuracy": asdict(scores.cross_validated),
        "confusion_matrix": [list(row) for row in scores.confusion_matrix],
        "classes": {label: asdict(found) for label, found in scores.classes.items()},
    }


def _linear(facts: Facts) -> dict[str, object] | None:
    if facts.linear is None:
        return None
    return {
        "weights": [list(row) for row in facts.linear.weights],
        "intercept": list(facts.linear.intercept),
        "sha256": facts.linear.sha256,
    }
