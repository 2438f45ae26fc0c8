"""`make build-run`: the server image of one model as a container, until Ctrl-C."""

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from iris_local_cluster import loopback, paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.images import image_builders, project_images
from iris_local_cluster.progress import Progress


def serve(port: int, progress: Progress, *, version: str | None = None) -> int:
    """Build and run this version, or the newest one; returns the exit code of the server."""
    if refusal := loopback.refusal(port):
        raise LocalClusterError(refusal)
    version = newest_version(paths.ARTIFACTS) if version is None else existing(paths.ARTIFACTS, version)
    image = project_images.build_server(version, paths.ARTIFACTS, progress)
    progress.say(f"Model version {version} on http://127.0.0.1:{port} (Ctrl-C ends it)")
    builder = image_builders.detect(progress)
    with builder.container(image.stored, port=port, settings=settings(os.environ)) as command:
        return _attend(command)


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """As `make run` has it: no pickle is opened, unless the user's own environment allows it."""
    return {"IRIS_PICKLE": environment.get("IRIS_PICKLE", "Deny")}


def existing(artifacts: Path, version: str) -> str:
    """The version, if it was trained."""
    card = artifacts / f"model_pipeline_{version}.json"
    if not card.is_file():
        raise LocalClusterError(f"{card}: not found, expected a model from `make training VERSION={version}`")
    return version


def newest_version(artifacts: Path) -> str:
    """By the time in its card; the files' own times change with every copy."""
    cards = [json.loads(file.read_text()) for file in artifacts.glob("model_pipeline_*.json")]
    if not cards:
        raise LocalClusterError(f"{artifacts}: no model, expected one from `make training`")
    return str(max(cards, key=lambda card: card["created"])["version"])


def _attend(command: list[str]) -> int:
    """Ctrl-C also reaches the container, which is given time to answer open requests."""
    with subprocess.Popen(command) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            return process.wait(timeout=60)
