"""The JSON card: the contract between training and servers. Pure."""

import json
from dataclasses import asdict

from iris_training import names
from iris_training.columns import CLASSES, UNIT
from iris_training.facts import Facts
from iris_training.holdout import FRACTION, RULE
from iris_training.trees import Trees

SCHEMA = 1
# A server that supports only schema 1 refuses these in one line, instead of silently opening the joblib.
SCHEMA_OF_TREES = 2
TREES = "trees"
# Written last, in a line or one line per tree: with one number per line a forest would have a million lines.
COMPACT = ("reference", TREES)


def build(facts: Facts) -> dict[str, object]:
    """The card as plain data, in the order in which people read it."""
    card: dict[str, object] = {
        "schema": SCHEMA_OF_TREES if facts.portable.trees else SCHEMA,
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
        "training": _training(facts),
        "golden": [
            {"input": list(golden.input), "probabilities": list(golden.probabilities)}
            for golden in facts.golden
        ],
        "linear": _linear(facts),
    }
    # Readers of older cards and older readers do without it.
    card["reference"] = {
        "rule": RULE,
        "rows": [list(row) for row, _ in facts.reference],
        "labels": [label for _, label in facts.reference],
    }
    if facts.comparison is not None:
        card["comparison"] = asdict(facts.comparison)
    if facts.warnings:
        card["warnings"] = list(facts.warnings)
    if facts.portable.trees is not None:
        card[TREES] = _trees(facts.portable.trees)
    return card


def render(card: dict[str, object]) -> bytes:
    """Numbers keep every digit; NaN and infinity, which JSON does not have, are errors."""
    rest = {name: value for name, value in card.items() if name not in COMPACT}
    text = json.dumps(rest, indent=2, allow_nan=False).removesuffix("\n}")
    for name in COMPACT:
        if name in card:
            value = json.dumps(card[name], allow_nan=False)
            text += f',\n  "{name}": ' + value.replace('{"feature"', '\n    {"feature"')
    return f"{text}\n}}\n".encode()


def _training(facts: Facts) -> dict[str, object]:
    return {
        "seed": facts.seed,
        "test_fraction": FRACTION,
        "estimator": facts.estimator,
        "recipe": None if facts.recipe is None else asdict(facts.recipe),
        "commit": facts.commit,
        **({} if facts.imported is None else {"imported": asdict(facts.imported)}),
    }


def _scores(facts: Facts) -> dict[str, object]:
    scores = facts.scores
    return {
        "accuracy": scores.accuracy,
        "cross_validated_accuracy": scores.cross_validated and asdict(scores.cross_validated),
        "confusion_matrix": [list(row) for row in scores.confusion_matrix],
        "classes": {label: asdict(found) for label, found in scores.classes.items()},
    }


def _linear(facts: Facts) -> dict[str, object] | None:
    linear = facts.portable.linear
    if linear is None:
        return None
    return {
        "weights": [list(row) for row in linear.weights],
        "intercept": list(linear.intercept),
        "sha256": linear.sha256,
    }


def _trees(trees: Trees) -> dict[str, object]:
    return {"link": trees.link, "base": trees.base, "trees": [asdict(tree) for tree in trees.trees]}
