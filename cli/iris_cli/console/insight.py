"""What the pages show: models from the cluster, commits from this folder's clone, traffic from Prometheus."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from iris_cli import commits, evidence, explanation, fleet
from iris_cli.console import charts, views
from iris_cli.console.charts import View
from iris_cli.console.live import Live
from iris_cli.console.metrics import Metrics
from iris_cli.errors import Trouble
from iris_cli.evidence import Snapshot
from iris_cli.kubectl import Body
from iris_cli.traffic import Key

_FRESH_SECONDS: Final = 5.0
# Ages and traffic change without an event.
_REFRESH_SECONDS: Final = 15.0
# Dashboards refresh every 30 s.
_CHART_PAUSES: Final = 6


@dataclass
class Insight:
    """Shared by all pages of one console."""

    live: Live
    metrics: Metrics
    folder: Path
    # Pods and events change without the model: they are read again after this, later if the model is at rest.
    fresh_seconds: float = _FRESH_SECONDS
    rest_seconds: float = 30.0
    _commits: dict[str, views.Commit] = field(default_factory=dict)

    def notes(self) -> Iterator[str]:
        if self.metrics.trouble:
            yield f"No traffic, errors and charts. {self.metrics.trouble}."
        if self.live.is_confined:
            yield f"This user may not read all namespaces: these are the models of {self.live.namespace}."

    def commit(self, revision: str) -> views.Commit:
        if revision not in self._commits:
            [entry] = commits.with_authors(self.folder, [{"revision": revision}])
            known = {name: entry[name] for name in ("author", "subject", "committed") if name in entry}
            self._commits[revision] = views.Commit(commits.short(revision), **known)
        return self._commits[revision]

    def row(self, body: Body) -> str:
        revision = ((body.get("status") or {}).get("source") or {}).get("revision", "")
        return views.fleet_row(body, self.metrics.traffic(), self.commit(revision), datetime.now(UTC))

    def look(self, body: Body) -> Snapshot:
        """One model with its pods and events. Raises Trouble."""
        return evidence.around(self.live.kubectl, body)

    def content(self, snapshot: Snapshot) -> str:
        now, status = datetime.now(UTC), snapshot.model.get("status") or {}
        return views.model_content(
            snapshot,
            explanation.explain(snapshot, now),
            self.commit((status.get("source") or {}).get("revision", "")),
            history=commits.with_authors(self.folder, status.get("history", ())),
            now=now,
        )

    def fleet_events(self, seen: int) -> Iterator[tuple[str, Any]]:
        """What has changed since this revision, then each change: kind and content."""
        sent: dict[Key, str] = {}
        keys: list[str] = []
        refreshed, answered = time.monotonic(), self.metrics.revision
        first = True
        while not self.live.is_over:
            state = self.live.wait(seen, 0 if first else _REFRESH_SECONDS)
            # Also without a change: a closed page is noticed by writing to it.
            yield "trouble", state.trouble
            present = ["/".join(key) for key in sorted(state.models)]
            if present != keys:
                keys = present
                yield "keys", keys
            yield "notes", list(self.notes())
            due = time.monotonic() - refreshed >= _REFRESH_SECONDS or answered != self.metrics.revision
            for key, body in sorted(state.models.items()):
                if due or state.changed[key] > seen:
                    row = self.row(body)
                    if sent.get(key) != row:
                        sent[key] = row
                        yield "row", row
            if due:
                refreshed, answered = time.monotonic(), self.metrics.revision
            first, seen = False, state.revision

    def model_events(self, key: Key) -> Iterator[tuple[str, Any]]:
        """The content of a model's page, at each change of this model and every few seconds."""
        seen, known, snapshot = -1, -1, None
        read_again = show_again = 0.0
        while not self.live.is_over:
            state = self.live.wait(seen, self.fresh_seconds)
            seen = state.revision
            if key not in state.models:
                yield "trouble", state.trouble or f"IrisModel {'/'.join(key)} was deleted."
                continue
            body, has_changed = state.models[key], state.changed[key] != known
            if not has_changed and time.monotonic() < show_again:  # another model has changed
                continue
            if snapshot is None or has_changed or time.monotonic() >= read_again:
                try:
                    snapshot = self.look(body)
                except Trouble as trouble:
                    yield "trouble", str(trouble)
                    continue
                is_at_rest = not has_changed and fleet.row(body, {}).ready == "True"
                read_again = time.monotonic() + (self.rest_seconds if is_at_rest else self.fresh_seconds)
                known = state.changed[key]
            show_again = time.monotonic() + self.fresh_seconds
            yield "trouble", state.trouble
            yield "content", self.content(snapshot)

    def chart_events(self, view: View) -> Iterator[tuple[str, Any]]:
        """All panels of a board, again and again."""
        while not self.live.is_over:
            try:
                yield from charts.ask(self.metrics.source(), view)
                yield "trouble", None
            except Trouble as trouble:
                yield "trouble", f"No charts. {trouble}."
            for _ in range(_CHART_PAUSES):
                self.live.pause(_FRESH_SECONDS)
                yield "alive", None  # a closed page is noticed by writing to it
