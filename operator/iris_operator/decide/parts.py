"""The optional parts of a model, and whether they exist: one Part per condition. Pure."""

import itertools
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

from iris_api.kinds import Kind

from iris_operator import children
from iris_operator.children.report import Report
from iris_operator.decide.facts import Part
from iris_operator.model.spec import IrisModel
from iris_operator.observe.store import Snapshot


def observe(model: IrisModel, snapshot: Snapshot, absent: frozenset[Kind], now: datetime) -> tuple[Part, ...]:
    """The parts that the model declares. `absent`: kinds without an API in this cluster."""
    live = {kind: body for (kind, _), body in snapshot.children.items()}
    reported = sorted(children.reported(model), key=lambda child: str(child.CONDITION))
    deadline = timedelta(seconds=model.progress_deadline_seconds)
    parts = []
    for condition, group in itertools.groupby(reported, key=lambda child: str(child.CONDITION)):
        members = list(group)
        missing = [child for child in members if child.KIND in absent]
        report = _report(members[0], live)
        due = report.since + deadline if report and report.since else None
        parts.append(
            Part(
                condition=condition,
                applied=getattr(members[0], "APPLIED", ""),
                kinds=tuple(child.KIND.name for child in members),
                missing=tuple(child.KIND.name for child in missing),
                api=missing[0].API if missing else "",
                is_applied=live.keys() >= {child.KIND for child in members},
                report=report.overdue if report and due and due <= now else report,
                changes_at=due if due and due > now else None,
            )
        )
    return tuple(parts)


def _report(child: ModuleType, live: Mapping[Kind, Any]) -> Report | None:
    if not hasattr(child, "report") or child.KIND not in live:
        return None
    report: Report | None = child.report(live[child.KIND])
    return report
