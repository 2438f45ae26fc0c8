"""All steps from a CSV file to an artifact, in order. Writes only through export."""

import logging
from pathlib import Path

from iris_training import data, export, names, source
from iris_training.data import Dataset
from iris_training.export import Disk
from iris_training.settings import SAMPLE_DATA, Settings
from iris_training.source import Source

logger = logging.getLogger(__name__)


def run(settings: Settings, disk: Disk) -> Path:
    """Read, train and publish; return the path of the joblib."""
    files = names.build(settings.version)
    export.refuse(settings.output, files.card)
    origin, dataset = _read(settings, disk)
    # Imported here: scikit-learn takes seconds, and the refusals above should not wait for it.
    from iris_training import artifact  # noqa: PLC0415

    export.save(artifact.build(origin, dataset, settings), settings.output, disk)
    return settings.output / files.joblib


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


def _read(settings: Settings, disk: Disk) -> tuple[Source, Dataset]:
    # Only for the default path: a sample written under a mistyped name would hide the mistake.
    if settings.data == SAMPLE_DATA and source.missing(settings.data):
        export.save_sample(settings.data, data.sample().encode(), disk)
        logger.info("data: %s was missing, wrote the classic sample data there", settings.data)
    origin = source.load(settings.data)
    dataset = data.parse(origin.text, name=origin.name)
    logger.info("data: %s, %d rows, sha256 %s", origin.name, len(dataset.rows), origin.sha256)
    return origin, dataset
