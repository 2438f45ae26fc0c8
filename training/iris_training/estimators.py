"""The estimators that can be trained: one table, without importing scikit-learn. Pure.

To add one, add an entry to ESTIMATORS: the class by module and name, its default scaler, and each
parameter with its bounds. It needs predict_proba. A model that neither `linear` nor `trees` can write as
data is served from its joblib.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from iris_training.errors import Invalid, quote

Value = int | float | str

WHOLE = re.compile(r"[0-9]{1,10}")
DECIMAL = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


class Kind(Protocol):
    """The type and the bounds of a parameter."""

    @property
    def expected(self) -> str:
        """The accepted values, for messages."""

    def parse(self, text: str) -> Value | None:
        """The value, or None if the text is not one."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number between two bounds."""

    smallest: int
    largest: int

    @property
    def expected(self) -> str:
        return f"a whole number from {self.smallest} to {self.largest}"

    def parse(self, text: str) -> int | None:
        value = int(text) if WHOLE.fullmatch(text) else -1
        return value if self.smallest <= value <= self.largest else None


@dataclass(frozen=True, slots=True)
class Number:
    """A number between two bounds."""

    smallest: float
    largest: float

    @property
    def expected(self) -> str:
        return f"a number from {self.smallest:g} to {self.largest:g}"

    def parse(self, text: str) -> float | None:
        value = float(text) if DECIMAL.fullmatch(text) else math.nan
        return value if self.smallest <= value <= self.largest else None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]

    @property
    def expected(self) -> str:
        return f"one of {', '.join(self.words)}"

    def parse(self, text: str) -> str | None:
        return text if text in self.words else None


@dataclass(frozen=True, slots=True)
class Estimator:
    """A classifier of scikit-learn and its options on the command line."""

    module: str
    class_name: str
    scaler: str
    parameters: Mapping[str, Kind]
    # Passed unless the command line overrides it.
    fixed: Mapping[str, Value] = field(default_factory=dict)
    # Draws random numbers, so it needs the seed.
    random: bool = True


DEFAULT = "logistic-regression"
STANDARD = "standard"
# Name → class in sklearn.preprocessing, or None for no scaler.
SCALERS: Mapping[str, str | None] = {STANDARD: "StandardScaler", "min-max": "MinMaxScaler", "none": None}

COUNT = Whole(1, 1000)
RATE = Number(1e-6, 1)
TREE: Mapping[str, Kind] = {
    "max_depth": Whole(1, 64),
    "max_leaf_nodes": Whole(2, 10_000),
    "min_samples_leaf": Whole(1, 10_000),
}
GROWN: Mapping[str, Kind] = {
    **TREE,
    "min_samples_split": Whole(2, 10_000),
    "max_features": Whole(1, 4),
    "ccp_alpha": Number(0, 1),
}
BALANCED: Mapping[str, Kind] = {"class_weight": Choice(("balanced",))}
VOTING: Mapping[str, Kind] = {**GROWN, **BALANCED, "criterion": Choice(("gini", "entropy", "log_loss"))}
FOREST: Mapping[str, Kind] = {"n_estimators": COUNT, **VOTING}

ESTIMATORS: Mapping[str, Estimator] = {
    DEFAULT: Estimator(
        "sklearn.linear_model",
        "LogisticRegression",
        STANDARD,
        {"C": Number(1e-6, 1e6), "max_iter": Whole(1, 1_000_000), **BALANCED},
        # The sample needs 15; where scikit-learn's 100 is enough, a higher limit changes no digit.
        fixed={"max_iter": 1000},
        random=False,
    ),
    "decision-tree": Estimator("sklearn.tree", "DecisionTreeClassifier", "none", VOTING),
    "random-forest": Estimator("sklearn.ensemble", "RandomForestClassifier", "none", FOREST),
    "extra-trees": Estimator("sklearn.ensemble", "ExtraTreesClassifier", "none", FOREST),
    "gradient-boosting": Estimator(
        "sklearn.ensemble",
        "GradientBoostingClassifier",
        "none",
        {"n_estimators": COUNT, "learning_rate": RATE, "subsample": Number(0.01, 1), **GROWN},
    ),
    "hist-gradient-boosting": Estimator(
        "sklearn.ensemble",
        "HistGradientBoostingClassifier",
        "none",
        {
            "max_iter": COUNT,
            "learning_rate": RATE,
            "l2_regularization": Number(0, 1e6),
            "max_bins": Whole(2, 255),
            **TREE,
            **BALANCED,
        },
    ),
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to fit: an estimator, the given parameters, and a scaler."""

    estimator: str = DEFAULT
    parameters: Mapping[str, Value] = field(default_factory=dict)
    scaler: str = STANDARD

    @property
    def kind(self) -> Estimator:
        """The entry of the table."""
        return ESTIMATORS[self.estimator]

    def describe(self) -> str:
        """With scikit-learn's names."""
        given = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        classifier = self.kind.class_name + (f"({given})" if given else "")
        scaler = SCALERS[self.scaler]
        return f"{scaler} + {classifier}" if scaler else classifier


def parse(estimator: str, scaler: str | None, parameters: Sequence[str]) -> Recipe:
    """The recipe from the options of the command line."""
    if estimator not in ESTIMATORS:
        raise Invalid("--estimator", quote(estimator), f"one of {', '.join(ESTIMATORS)}")
    if scaler is not None and scaler not in SCALERS:
        raise Invalid("--scaler", quote(scaler), f"one of {', '.join(SCALERS)}")
    kind = ESTIMATORS[estimator]
    values: dict[str, Value] = {}
    for text in parameters:
        name, value = _parameter(estimator, kind.parameters, text)
        if name in values:
            raise Invalid("--param", f"{name} twice", "each parameter once")
        values[name] = value
    return Recipe(estimator, values, scaler or kind.scaler)


def _parameter(estimator: str, kinds: Mapping[str, Kind], text: str) -> tuple[str, Value]:
    name, equals, given = text.partition("=")
    if not equals:
        raise Invalid("--param", quote(text), "name=value, such as n_estimators=100")
    if name not in kinds:
        raise Invalid("--param", quote(name), f"a parameter of {estimator}: {', '.join(kinds)}")
    value = kinds[name].parse(given)
    if value is None:
        raise Invalid(f"--param {name}", quote(given), kinds[name].expected)
    return name, value
