"""All steps from a CSV file to an artifact, in order. Writes only through export."""

import logging
from pathlib import Path

from iris_training import data, export, names, previous, source
from iris_training.data import Dataset
from iris_training.errors import Invalid
from iris_training.export import Disk
from iris_training.previous import Release
from iris_training.registry import client, record
from iris_training.settings import SAMPLE_DATA, Origin, Settings
from iris_training.source import Source

logger = logging.getLogger(__name__)


def run(settings: Settings, disk: Disk) -> Path:
    """Read, train and publish; return the path of the joblib."""
    named = names.build(settings.version)
    _refuse_other_data(settings.output / named.card, settings.data)
    export.refuse(settings.output, named.card)
    if settings.log_to is not None:
        client.check(settings.log_to)
    before = _before(settings)
    origin, dataset = _read(settings, disk)
    # Imported here: scikit-learn takes seconds, and the refusals above should not wait for it.
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    from iris_training import artifact  # noqa: PLC0415

    # For so few rows threads only wait for each other: on a busy machine a histogram took 28 times as long.
    with threadpool_limits(1):
        files = artifact.build(origin, dataset, settings, before=before)
    if settings.log_to is not None:
        # First, because a version that was written cannot be trained again to log it.
        logger.info("logged as %s", record.log(files, settings))
    export.save(files, settings.output, disk)
    return settings.output / named.joblib


def import_model(asked: Origin, settings: Settings, disk: Disk) -> Path:
    """Make a version from a registered model; return the path of its joblib."""
    named = names.build(settings.version)
    export.refuse(settings.output, named.card)
    origin, dataset = _read(settings, disk)
    registered = client.load(asked)
    logger.info("model: %s, trained with scikit-learn %s", registered.uri, registered.scikit_learn)
    from iris_training.registry import build  # noqa: PLC0415

    files = build.build(
        origin,
        dataset,
        settings,
        registered=registered,
        before=_before(settings),
        unprotected=asked.unprotected,
    )
    export.save(files, settings.output, disk)
    return settings.output / named.joblib


def import_data(path: Path, output: Path, disk: Disk) -> Path:
    """Convert a data file to our format; return the path of the new file."""
    origin = source.load(path, marks=True)
    dataset, found = data.convert(origin.text, name=origin.name)
    export.save_data(output, data.render(dataset.rows, dataset.labels).encode(), disk)
    logger.info(
        "import-data: %s, %d rows; converted: %s",
        origin.name,
        len(dataset.rows),
        ", ".join(found) or "nothing",
    )
    return output


def _refuse_other_data(card: Path, path: Path) -> None:
    """Refuse a version that is there if its data have changed, which a plain refusal would not show."""
    trained = previous.data_digest(card) if card.is_file() else None
    if trained is None or source.missing(path):
        return
    present = source.load(path).sha256
    if present != trained:
        found = f"this version already there, trained from data sha256 {trained}"
        expected = f"a new --version for {path} with sha256 {present}; a version is never replaced"
        raise Invalid(card, found, expected)


def _before(settings: Settings) -> Release | None:
    """The release to compare with; one that was found, not named, may be unreadable unless it must judge."""
    if settings.compare_with is not None:
        return previous.load(settings.compare_with)
    card = previous.find(settings.output, settings.version)
    if card is None:
        return None
    try:
        return previous.load(card)
    except Invalid as error:
        if settings.no_worse:
            raise
        logger.warning("not compared with the release before: %s", error)
        return None


def _read(settings: Settings, disk: Disk) -> tuple[Source, Dataset]:
    # Only for the default path: a sample written under a mistyped name would hide the mistake.
    if settings.data == SAMPLE_DATA and source.missing(settings.data):
        export.save_sample(settings.data, data.sample().encode(), disk)
        logger.info("data: %s was missing, wrote the classic sample data there", settings.data)
    origin = source.load(settings.data)
    dataset = data.parse(origin.text, name=origin.name)
    logger.info("data: %s, %d rows, sha256 %s", origin.name, len(dataset.rows), origin.sha256)
    return origin, dataset
