"""The model that serves: loaded, replaced atomically, or refused while draining.

This is the only state that changes while the server runs.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from iris_model_server import errors
from iris_model_server.errors import ArtifactRefused, Problem
from iris_model_server.model.artifact import Artifact
from iris_model_server.model.predictions import Edges
from iris_model_server.prediction import loading
from iris_model_server.prediction.answer_templates import AnswerTemplates
from iris_model_server.prediction.batching import Batcher, Limits
from iris_model_server.schemas import Health, ModelInfo, ReferenceRows
from iris_model_server.settings import Settings, SettingsRefused
from iris_model_server.telemetry.metrics import Metrics, ModelMetrics


@dataclass(frozen=True, slots=True)
class Loaded:
    """A serving model with everything that a request needs of it."""

    artifact: Artifact
    metrics: ModelMetrics
    edges: Edges
    templates: AnswerTemplates
    # None for a model that is faster than any queue.
    batcher: Batcher | None


class Serving:
    """The slot that holds the model. A request reads it once and keeps the result."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._loaded: Loaded | None = None
        self._started = time.time()
        self._reloads = 0
        self._reloading = asyncio.Lock()
        self.draining = False
        # While draining: the time of the last request (time.perf_counter).
        self.asked_at = 0.0

    def drain(self) -> None:
        """Report not ready from now on; requests that still come are served."""
        self.draining = True
        self.asked_at = time.perf_counter()

    @property
    def name(self) -> str:
        """The model's name in every protocol."""
        return self._settings.model_name

    def serve(self, artifact: Artifact) -> None:
        """Answer with this model from the next request on."""
        metrics = self._metrics.bind(self.name, artifact)
        self._loaded = Loaded(
            artifact=artifact,
            metrics=metrics,
            edges=metrics.edges,
            templates=AnswerTemplates(artifact.card.classes, artifact.card.version),
            batcher=None if artifact.model.chunks else self._batcher(artifact),
        )

    def _batcher(self, artifact: Artifact) -> Batcher:
        limits = Limits(self._settings.max_waiting, self._settings.max_waiting_seconds)
        return Batcher(artifact.model.probabilities, limits)

    def loaded(self) -> Loaded:
        """The model that answers, also while draining: accepted requests get their answer."""
        if self._loaded is None:
            raise Problem(errors.NOT_READY, "no model is loaded", headers={"retry-after": "1"})
        return self._loaded

    def loaded_or_none(self) -> Loaded | None:
        """The model, or None."""
        return self._loaded

    def ready(self) -> Loaded:
        """The model, unless the server drains."""
        if self.draining:
            raise Problem(
                errors.NOT_READY, "draining: this server is about to stop", headers={"retry-after": "1"}
            )
        return self.loaded()

    async def reload(self) -> None:
        """Load the folder again; after a refusal the former model stays."""
        async with self._reloading:
            try:
                artifact = await asyncio.to_thread(loading.load, self._settings)
            except (ArtifactRefused, SettingsRefused) as error:
                raise Problem(errors.REFUSED, str(error)) from error
            self.serve(artifact)
            self._reloads += 1

    def info(self) -> ModelInfo:
        artifact = self.loaded().artifact
        card = artifact.card
        return ModelInfo(
            name=self.name,
            version=card.version,
            digest=artifact.digest,
            features=card.features,
            classes=card.classes,
            created=card.created,
            started=datetime.fromtimestamp(self._started, UTC)
            .isoformat(timespec="seconds")
            .replace("+00:00", "Z"),
            reloads=self._reloads,
            source=artifact.model.source,
            pickle=self._settings.pickle,
            signed_by=artifact.signed_by,
        )

    def reference(self) -> ReferenceRows:
        found = self.loaded().artifact.card.reference
        return ReferenceRows(found.rule, found.rows, found.labels) if found else ReferenceRows()

    def health(self) -> Health:
        return Health(
            status="serving",
            model_name=self.name,
            model_version=self.ready().artifact.card.version,
            uptime_seconds=round(time.time() - self._started, 3),
        )
