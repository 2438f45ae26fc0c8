"""Loads the artifact that the settings name, at the start and at each reload."""

from iris_model_server.model import artifact
from iris_model_server.model.artifact import Artifact
from iris_model_server.settings import Settings, SettingsRefused
from iris_model_server.signature import keys


def load(settings: Settings) -> Artifact:
    """Raises ArtifactRefused, and SettingsRefused for the keys that must have signed it."""
    try:
        verification = keys.read(settings.verify_file) if settings.verify_file else None
    except ValueError as error:
        raise SettingsRefused(f"IRIS_VERIFY_FILE: {error}") from error
    return artifact.load(
        settings.artifact_dir,
        settings.expected_version,
        open_pickle=settings.pickle == "Allow",
        verification=verification,
    )
