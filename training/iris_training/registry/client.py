"""The MLflow registry: the only module that imports MLflow, an optional dependency. Opens no model."""

import contextlib
import logging
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_training.errors import Invalid, quote
from iris_training.registry.opened import FORMATS
from iris_training.settings import Origin

# The experiment and the registered model of `--log-to`.
NAME = "iris"
FOLDER = "model"
PICKLE = "model.pkl"
LARGEST_MODEL = 256 * 1024 * 1024
INSTALL = "MLflow's client: `make mlflow` adds it to .venv"


@dataclass(frozen=True, slots=True)
class Registered:
    """One version of a registered model, as it was downloaded."""

    # models:/name/version, also where an alias was given.
    uri: str
    run: str | None
    format: str
    scikit_learn: str
    content: bytes


def load(origin: Origin) -> Registered:
    """Download a model."""
    with _reporting(origin.model, origin.server), tempfile.TemporaryDirectory() as folder:
        mlflow = _mlflow(origin.server)
        client = mlflow.MlflowClient()
        if origin.alias is not None:
            found = client.get_model_version_by_alias(origin.name, origin.alias)
        else:
            found = client.get_model_version(origin.name, origin.version)
        uri = f"models:/{found.name}/{found.version}"
        path = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder))
        return _read(path, uri, found.run_id or None)


def check(server: str) -> None:
    """Refuse before the training what would fail after it."""
    with _reporting("--log-to", server):
        _mlflow(server).MlflowClient().search_experiments(max_results=1)


def log(
    files: Mapping[str, bytes], numbers: Mapping[str, float], texts: Mapping[str, str], server: str
) -> str:
    """Write a run with its files and a version of the registered model; the address of that version."""
    with _reporting("--log-to", server), tempfile.TemporaryDirectory() as folder:
        mlflow = _mlflow(server)
        client = mlflow.MlflowClient()
        experiment = client.get_experiment_by_name(NAME)
        number = client.create_experiment(NAME) if experiment is None else experiment.experiment_id
        run = client.create_run(number, run_name=texts["version"])
        for key, value in texts.items():
            client.log_param(run.info.run_id, key, value)
        for key, score in numbers.items():
            client.log_metric(run.info.run_id, key, score)
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        client.log_artifacts(run.info.run_id, folder, FOLDER)
        client.set_terminated(run.info.run_id)
        if not client.search_registered_models(f"name='{NAME}'"):
            client.create_registered_model(NAME)
        source = f"{run.info.artifact_uri}/{FOLDER}"
        made = client.create_model_version(NAME, source, run_id=run.info.run_id)
        return f"models:/{NAME}/{made.version}"


def described(pickled: str, libraries: Mapping[str, str]) -> bytes:
    """MLflow's own description of a scikit-learn model, the file MLmodel."""
    import yaml  # noqa: PLC0415

    flavors = {
        "sklearn": {
            "pickled_model": pickled,
            "serialization_format": "pickle",
            "sklearn_version": libraries["scikit-learn"],
            "code": None,
        },
        "python_function": {
            "loader_module": "mlflow.sklearn",
            "model_path": pickled,
            "predict_fn": "predict_proba",
            "python_version": libraries["python"],
            "env": {"virtualenv": "python_env.yaml"},
        },
    }
    return yaml.safe_dump({"flavors": flavors}).encode()


def _read(folder: Path, uri: str, run: str | None) -> Registered:
    import yaml  # noqa: PLC0415

    try:
        read = yaml.safe_load((folder / "MLmodel").read_bytes())
        flavors = dict(read["flavors"])
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise Invalid(uri, "no file MLmodel with flavors", "a model that MLflow logged") from error
    if "sklearn" not in flavors:
        others = ", ".join(sorted(map(str, flavors)))
        raise Invalid(uri, quote(f"flavors {others}"), "the flavor sklearn; models of others cannot be data")
    flavor = flavors["sklearn"]
    name, form = str(flavor.get("pickled_model")), str(flavor.get("serialization_format"))
    if form not in FORMATS:
        raise Invalid(uri, quote(f"format {form}"), f"one of {', '.join(FORMATS)}")
    # Its author could name a file outside the folder.
    if Path(name).name != name or not (folder / name).is_file():
        raise Invalid(uri, quote(f"model file {name}"), "a file beside MLmodel")
    size = (folder / name).stat().st_size
    if size > LARGEST_MODEL:
        raise Invalid(uri, f"{size} bytes", f"at most {LARGEST_MODEL}")
    return Registered(uri, run, form, str(flavor.get("sklearn_version")), (folder / name).read_bytes())


def _mlflow(server: str) -> Any:
    # Read when MLflow is imported: no usage data to its makers, few retries, no bars on standard error.
    for name, value in (
        ("MLFLOW_DISABLE_TELEMETRY", "true"),
        ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2"),
        ("MLFLOW_HTTP_REQUEST_TIMEOUT", "30"),
        ("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false"),
    ):
        os.environ.setdefault(name, value)
    try:
        import mlflow  # noqa: PLC0415
        import mlflow.artifacts  # noqa: PLC0415
    except ImportError as error:
        raise Invalid("mlflow", "not installed", INSTALL) from error
    # Its last attempt is reported in one line; the others need none.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    mlflow.set_tracking_uri(server)
    mlflow.set_registry_uri(server)
    return mlflow


@contextlib.contextmanager
def _reporting(where: str, server: str) -> Iterator[None]:
    """Turn MLflow's errors, which have many lines and types, into one line."""
    try:
        yield
    except Invalid:
        raise
    except Exception as error:
        # The HTTP client's errors and those of artifact stores have no common type.
        text = str(error).strip() or type(error).__name__
        system = re.search(r"\[Errno -?[0-9]+\] ([A-Za-z ]+)", text)
        found = system[1] if system else text.splitlines()[0]
        raise Invalid(f"{where}: {server}", found, "an MLflow server that answers and has it") from error
