"""Asks the process that opens a model, and trusts nothing in its answer: it may be the model's own."""

import base64
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from iris_training import linear, trees
from iris_training.columns import CLASSES, FEATURES
from iris_training.errors import Invalid, quote
from iris_training.holdout import Row
from iris_training.linear import Linear
from iris_training.portable import Portable
from iris_training.registry import opened
from iris_training.trees import Tree, Trees

SECONDS = 180
LARGEST_ANSWER = 64 * 1024 * 1024
# Our own reasons are shorter, but the answer may be the model's own.
LONGEST_REASON = 200
WAY = "train it with `iris-training --estimator`, or log a model that can be data"
# Numbers of the classes, and their names with and without the genus.
LABELS = (
    CLASSES,
    tuple(f"Iris-{name}" for name in CLASSES),
    tuple(map(str, range(len(CLASSES)))),
    tuple(str(float(number)) for number in range(len(CLASSES))),
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A model as data, with scikit-learn's answers to the rows that were asked."""

    estimator: str
    portable: Portable
    probabilities: tuple[tuple[float, ...], ...]
    # Why the process that opened it was not isolated, if it was not.
    unprotected: str | None


def ask(model: bytes, form: str, rows: Sequence[Row], *, name: str, unprotected: bool) -> Opened:
    """Open the model in a process that is thrown away afterwards; `name` is the model's in messages."""
    asked = {
        "format": form,
        "model": base64.b64encode(model).decode(),
        "rows": rows,
        "unprotected": unprotected,
    }
    # No environment: tokens of the registry are in it.
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL") if key in os.environ}
    command = [sys.executable, "-I", "-m", opened.__name__]
    try:
        ended = subprocess.run(
            command,
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=SECONDS,
            env=kept | {"OPENBLAS_NUM_THREADS": "1"},
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Invalid(name, f"no end after {SECONDS} s of opening it", "a model that opens") from error
    first, _, rest = ended.stdout.partition(b"\n")
    state = first.decode(errors="replace")
    if ended.returncode == opened.REFUSED:
        expected = "Linux with user namespaces; --unprotected opens it without that, with all your rights"
        raise Invalid(f"{name}: opening it", state, expected)
    if ended.returncode != 0 or len(rest) > LARGEST_ANSWER:
        lines = ended.stderr.decode(errors="replace").split("\n")
        found = next((line.strip() for line in reversed(lines) if line.strip()), f"exit {ended.returncode}")
        raise Invalid(name, quote(found), "a model that opens with the libraries of this environment")
    answer = parse(rest, rows, name)
    return Opened(*answer, None if state == opened.ISOLATED else state)


def parse(
    content: bytes, rows: Sequence[Row], name: str
) -> tuple[str, Portable, tuple[tuple[float, ...], ...]]:
    try:
        read = json.loads(content)
        estimator, reason = str(read["estimator"]), read["reason"]
        classes, features = read["classes"], [*read["features"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Invalid(name, "no answer of the process that opened it", "a model as data") from error
    if reason is not None:
        found = quote(str(reason), LONGEST_REASON)
        raise Invalid(f"{name}: {quote(estimator)}", found, f"a model that can be data; {WAY}")
    if classes not in [[*labels] for labels in LABELS]:
        found = quote(f"classes {classes}")
        raise Invalid(name, found, f"{', '.join(CLASSES)} or their numbers from 0, in this order")
    if [_column(str(one)) for one in features] != [*FEATURES]:
        raise Invalid(name, quote(f"features {features}"), f"{', '.join(FEATURES)}, in this order")
    try:
        form = _form(read)
        probabilities = tuple(tuple(map(float, row)) for row in read["probabilities"])
        ours = _predict(form, rows)
        same = np.shape(probabilities) == ours.shape and np.abs(ours - np.array(probabilities)).max()
    except (ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
        raise Invalid(name, "numbers that do not form a model", "weights or trees") from error
    if same is False or not same <= linear.TOLERANCE:
        raise Invalid(name, "data that do not repeat its own answers", f"a model that can be data; {WAY}")
    return quote(estimator).strip("'"), form, probabilities


def _column(name: str) -> str:
    """`sepal length (cm)` and `Sepal.Length` are ours in other words."""
    return re.sub(r"[^a-z]+", "_", name.lower().replace("(cm)", "")).strip("_")


def _form(read: Mapping[str, Any]) -> Portable:
    if (found := read["linear"]) is not None:
        weights = tuple(_numbers(row, len(FEATURES)) for row in found["weights"])
        if len(weights) != len(CLASSES):
            raise ValueError("weights")
        return Portable(linear=Linear(weights, _numbers(found["intercept"], len(CLASSES))))
    found = read["trees"]
    if found["link"] not in trees.LINKS:
        raise ValueError("link")
    grown = tuple(
        Tree(
            tuple(map(int, one["feature"])),
            _numbers(one["threshold"]),
            tuple(map(int, one["left"])),
            tuple(map(int, one["right"])),
            tuple(_numbers(value) for value in one["value"]),
        )
        for one in found["trees"]
    )
    made = Trees(str(found["link"]), _numbers(found["base"], len(CLASSES)), grown)
    trees.check(made)
    return Portable(trees=made)


def _numbers(values: Sequence[float], length: int | None = None) -> tuple[float, ...]:
    found = tuple(map(float, values))
    if not all(map(math.isfinite, found)) or length not in (None, len(found)):
        raise ValueError("numbers")
    return found


def _predict(form: Portable, rows: Sequence[Row]) -> trees.Matrix:
    if form.linear is not None:
        return linear.predict(form.linear, rows)
    if form.trees is None:
        raise ValueError("neither weights nor trees")
    return trees.predict(form.trees, rows)
