"""The options of the command line as typed settings. Reads and writes no file."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from iris_training.errors import Invalid, quote
from iris_training.estimators import Recipe

SAMPLE_DATA = Path("data/iris.csv")
OUTPUT = Path("artifacts")
SEED = 42
# MLflow's own.
SERVER_VARIABLE = "MLFLOW_TRACKING_URI"
# scikit-learn's random states are 32-bit.
LARGEST_SEED = 2**32 - 1
# An image tag and a Kubernetes label value at once.
MODEL = re.compile(r"models:/(?P<name>[^/@]+)(@(?P<alias>[^/@]+)|/(?P<version>[0-9]+))")
SERVER = re.compile(r"https?://[^\s/]+.*")
VERSION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
# YAML reads these as numbers, dates or truth values, so an IrisModel could declare them only in quotes.
NOT_TEXT = re.compile(
    r"[0-9_]+(\.[0-9_]*)?(e-?[0-9]+)?|0[xob][0-9a-f_]+|[0-9]{4}(-[0-9]{1,2}){2}"
    r"|true|false|yes|no|on|off|y|n|null",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of one training run."""

    data: Path
    output: Path
    version: str
    seed: int
    now: datetime
    recipe: Recipe = field(default_factory=Recipe)
    # Refuse data with warnings.
    strict: bool = False
    # The card to compare with; without it, the newest lower version in the output folder.
    compare_with: Path | None = None
    # Refuse a model that the comparison shows to be worse.
    no_worse: bool = False
    # The address of an MLflow server that gets a run and a version of its registered model.
    log_to: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """A registered model, and the address of its MLflow server."""

    model: str
    name: str
    # Either of the two.
    alias: str | None
    version: str | None
    server: str
    # Open the model even where its process cannot be isolated.
    unprotected: bool


def parse(
    *,
    data: str,
    output: str,
    version: str | None,
    seed: str = str(SEED),
    now: datetime,
    recipe: Recipe | None = None,
    strict: bool = False,
    compare_with: str | None = None,
    no_worse: bool = False,
    log_to: str | None = None,
) -> Settings:
    """Refuse wrong options before anything slow starts."""
    for option, path in (("--data", data), ("--output", output), ("--compare-with", compare_with)):
        if path is not None and (not path or "\0" in path):
            raise Invalid(option, quote(path), "a path")
    if log_to is not None:
        _server("--log-to", log_to)
    return Settings(
        data=Path(data),
        output=Path(output),
        version=_version(version, now),
        seed=parse_seed(seed),
        now=now,
        recipe=recipe or Recipe(),
        strict=strict,
        compare_with=None if compare_with is None else Path(compare_with),
        no_worse=no_worse,
        log_to=log_to,
    )


def parse_origin(model: str, server: str | None, *, unprotected: bool) -> Origin:
    """Refuse wrong addresses before MLflow, which would look for its own default."""
    asked = MODEL.fullmatch(model)
    if asked is None:
        raise Invalid(
            quote(model),
            "no registered model",
            "models:/NAME@ALIAS or models:/NAME/VERSION (import-data converts a file of rows)",
        )
    return Origin(
        model,
        asked["name"],
        asked["alias"],
        asked["version"],
        _server(f"--from or {SERVER_VARIABLE}", server or ""),
        unprotected,
    )


def _server(option: str, address: str) -> str:
    if not SERVER.fullmatch(address):
        found = quote(address) if address else "nothing"
        raise Invalid(option, found, "the address of an MLflow server, such as http://127.0.0.1:5000")
    return address


def _version(version: str | None, now: datetime) -> str:
    if version is None:
        return f"1.0.{now:%Y%m%d_%H%M%S}"
    if NOT_TEXT.fullmatch(version):
        found = f"{quote(version)}, which YAML does not read as text"
        raise Invalid("--version", found, "three numbers, such as 1.4.0")
    return parse_version(version)


def parse_version(version: str) -> str:
    if not VERSION.fullmatch(version):
        raise Invalid(
            "--version",
            quote(version),
            "1 to 63 letters, digits, '.', '_' or '-', with a letter or digit at both ends (such as 1.4.0)",
        )
    return version


def parse_seed(seed: str) -> int:
    """The seed, of the command line or of a card."""
    if not re.fullmatch(r"[0-9]{1,10}", seed) or int(seed) > LARGEST_SEED:
        raise Invalid("--seed", quote(seed), f"a whole number from 0 to {LARGEST_SEED}")
    return int(seed)
