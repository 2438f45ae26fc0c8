"""The release before a new one, read from its card. Reads files, writes none, and executes nothing of a card:
its recipe is looked up in our table, and its joblib is never opened.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from iris_training import estimators, settings
from iris_training.columns import FEATURES
from iris_training.errors import Invalid, quote
from iris_training.estimators import Recipe

# A server accepts no larger card.
LARGEST_CARD = 16 * 1024 * 1024
# Versions that have an order: numbers, with a time stamp's underscore.
RELEASE = re.compile(r"[0-9]{1,20}([._][0-9]{1,20})*")


@dataclass(frozen=True, slots=True)
class Release:
    """What a release was trained from."""

    version: str
    recipe: Recipe
    seed: int
    data_sha256: str
    # The smallest and the largest length of each feature.
    ranges: tuple[tuple[float, float], ...]


def find(folder: Path, version: str) -> Path | None:
    """The card of the newest release with a lower version; None without one, or if `version` has no order."""
    before, _, _ = version.partition("-")
    if not RELEASE.fullmatch(before) or not folder.is_dir():
        return None
    lower = [
        (_order(found[1]), card)
        for card in folder.glob("model_pipeline_*.json")
        if (found := re.fullmatch(r"model_pipeline_(.+)\.json", card.name))
        and RELEASE.fullmatch(found[1])
        and _order(found[1]) < _order(before)
    ]
    return max(lower)[1] if lower else None


def load(card: Path) -> Release:
    """The release, or a refusal with the reason why nothing can be compared with it."""
    read = _json(card)
    training, data, version = read.get("training"), read.get("data"), read.get("version")
    digest = data.get("sha256") if isinstance(data, dict) else None
    if not isinstance(training, dict) or not isinstance(version, str) or not isinstance(digest, str):
        raise Invalid(card, "no training, data or version", "a card that iris-training wrote")
    recipe, seed = training.get("recipe"), training.get("seed")
    if recipe is None:
        expected = "a card with `training.recipe`, which older releases lack; train that version again"
        raise Invalid(card, "no parameters of the estimator", expected)
    try:
        return Release(version, _recipe(recipe), settings.parse_seed(str(seed)), digest, _ranges(read))
    except Invalid as error:
        raise Invalid(card, f"training: {error}", "a recipe that this iris-training can fit") from error


def data_digest(card: Path) -> str | None:
    """The SHA-256 of the data that a version was trained from; None if its card has none."""
    try:
        data = _json(card).get("data")
    except Invalid:
        return None
    digest = data.get("sha256") if isinstance(data, dict) else None
    return digest if isinstance(digest, str) else None


def _json(card: Path) -> dict[str, object]:
    try:
        with card.open("rb") as file:
            content = file.read(LARGEST_CARD + 1)
        if len(content) > LARGEST_CARD:
            raise Invalid(card, "more than 16 MiB", "a card that iris-training wrote")
        read = json.loads(content)
    except OSError as error:
        raise Invalid(card, error.strerror or str(error), "a card that can be read") from error
    except (ValueError, RecursionError) as error:
        raise Invalid(card, "no JSON", "a card that iris-training wrote") from error
    if not isinstance(read, dict):
        raise Invalid(card, "no JSON object", "a card that iris-training wrote")
    return read


def _recipe(recipe: object) -> Recipe:
    """Checked like options of the command line."""
    if not isinstance(recipe, dict) or not isinstance(given := recipe.get("parameters"), dict):
        raise Invalid("recipe", quote(str(recipe)), "an estimator, a scaler and parameters")
    return estimators.parse(
        str(recipe.get("estimator")),
        str(recipe.get("scaler")),
        [f"{name}={value}" for name, value in given.items()],
    )


def _ranges(read: dict[str, object]) -> tuple[tuple[float, float], ...]:
    features = read.get("features")
    try:
        ranges = [(float(one["minimum"]), float(one["maximum"])) for one in features]  # type: ignore[attr-defined]
    except (TypeError, KeyError, ValueError, OverflowError):
        ranges = []
    if len(ranges) != len(FEATURES):
        raise Invalid("features", "no ranges", f"minimum and maximum of {len(FEATURES)} features")
    return tuple(ranges)


def _order(version: str) -> list[int]:
    return [int(number) for number in re.split(r"[._]", version)]
