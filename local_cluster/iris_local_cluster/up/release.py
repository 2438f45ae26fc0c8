"""`make publish`: train a version from a data file, sign it and push its image."""

import hashlib
import json
import sys
from pathlib import Path

from iris_programs import process

from iris_local_cluster import paths
from iris_local_cluster.cluster import Cluster
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.progress import Progress
from iris_local_cluster.up import environment, publishing, signing

# Another seed for the second version of `make up`, so that it is a different model.
_SEEDS = {"1.1.0": "43"}


def publish(
    cluster: Cluster,
    version: str,
    progress: Progress,
    *,
    data: Path | None = None,
    force: bool = False,
    apart: bool = False,
) -> None:
    """Train, sign and push it; `apart`: as two images, of the model and of the server.

    `force` replaces a published version, and accepts data with warnings.
    """
    if data is not None and not data.is_file():
        raise LocalClusterError(f"{data}: no such file, expected a CSV file to train version {version} from")
    if not cluster.running():
        raise LocalClusterError(
            f"cluster {cluster.name}: not running, expected a cluster that `make up` started"
        )
    environment.require(cluster, environment.kubeconfig(cluster.name))
    if data is not None:
        require_trained_from(data, version, paths.ARTIFACTS)
    elif not force:
        require_same_data(version, paths.ARTIFACTS, paths.PROJECT)
    train(version, progress, strict=not force, data=data)
    signing.sign(version, progress)
    if apart:
        sys.stdout.write(publishing.apart(cluster, version, progress, replace=force))
    else:
        publishing.together(cluster, version, progress, replace=force)


def train(version: str, progress: Progress, *, strict: bool = False, data: Path | None = None) -> None:
    """Train a version that is not there; `strict` refuses data with warnings, such as another unit."""
    with progress.step(f"Train release {version}") as step:
        card = _card(version, paths.ARTIFACTS)
        if card.is_file():
            if strict:
                _require_no_warnings(card)
            step.cached("already trained")
            return
        command = [
            str(paths.SCRIPTS / "iris-training"),
            f"--version={version}",
            f"--seed={_SEEDS.get(version, '42')}",
            *([f"--data={_named(data)}"] if data else []),
            *(["--strict"] if strict else []),
        ]
        answer = process.answer(command, seconds=600, folder=paths.PROJECT)
        if answer.code != 0:
            _, _, faults = answer.stderr.partition("iris-training: ")
            words = "; ".join(faults.splitlines()) or process.last_line(answer.stderr)
            raise LocalClusterError(f"training {version}: {words}")


def require_same_data(version: str, artifacts: Path, project: Path) -> None:
    """Refuse an artifact whose data file, which its card names, has changed since."""
    card = _card(version, artifacts)
    if not card.is_file():
        return
    data = project / json.loads(card.read_text())["data"]["source"]
    if data.is_file():
        _compare(card, data, "choose another version, or FORCE=1 publishes the artifact as it was trained")


def require_trained_from(data: Path, version: str, artifacts: Path) -> None:
    """Refuse an artifact from another data file: the given one would have no effect."""
    card = _card(version, artifacts)
    if card.is_file():
        _compare(card, data, "choose another version")


def _compare(card: Path, data: Path, cure: str) -> None:
    trained = json.loads(card.read_text())["data"]["sha256"]
    present = hashlib.sha256(data.read_bytes()).hexdigest()
    if trained != present:
        raise LocalClusterError(
            f"{card}: trained from data sha256 {trained}, expected {present}, that of {data}: {cure}"
        )


def _require_no_warnings(card: Path) -> None:
    """`make training` only prints them, which is easily missed."""
    if warnings := json.loads(card.read_text()).get("warnings"):
        raise LocalClusterError(
            f"{card}: warnings: {'; '.join(warnings)}: choose other data and another version, or FORCE=1 "
            "publishes the artifact as it is"
        )


def _card(version: str, artifacts: Path) -> Path:
    return artifacts / f"model_pipeline_{version}.json"


def _named(data: Path) -> Path:
    """The file as a path from the top folder, where training runs; the card has this path."""
    file = data.absolute()
    return file.relative_to(paths.PROJECT) if file.is_relative_to(paths.PROJECT) else file
