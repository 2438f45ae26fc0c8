"""Writes Kubernetes events (`kubectl describe`): on each transition and change of spec, none at rest.

An event that cannot be written is logged and dropped: events are for people, and no state depends on them.
"""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from iris_api import kinds, reasons

from iris_operator import errors
from iris_operator.cluster import Cluster
from iris_operator.decide.verdict import Verdict

logger = logging.getLogger(__name__)

_CONTROLLER: Final = "serving.two.inc/iris-operator"
_LONGEST_NOTE: Final = 1000


def due(before: Mapping[str, Any], verdict: Verdict) -> bool:
    """Whether the verdict is a transition from the status before it."""
    for condition in before.get("conditions", ()):
        if condition["type"] == "Ready":
            return (condition["status"] == "True", condition["reason"]) != (verdict.ready, verdict.reason)
    return True


@dataclass(frozen=True, slots=True)
class Event:
    reason: str
    note: str
    is_warning: bool = False


def of(verdict: Verdict) -> Event:
    return Event(verdict.reason, verdict.message, verdict.stalled)


def of_change(before: Mapping[str, Any], generation: int, source: Mapping[str, str]) -> Event | None:
    """The event of a spec that has changed since the status before, or None."""
    if before.get("observedGeneration", generation) == generation:
        return None
    revision = source.get("revision")
    return Event(reasons.SPEC_CHANGED, f"generation {generation}" + (f", by {revision}" if revision else ""))


async def post(
    cluster: Cluster, body: Mapping[str, Any], event: Event, *, instance: str, now: datetime
) -> None:
    metadata = body["metadata"]
    moment = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    digest = hashlib.sha256(f"{metadata['uid']}{event.reason}{moment}".encode()).hexdigest()[:10]
    manifest = {
        "apiVersion": kinds.EVENT.api_version,
        "kind": kinds.EVENT.name,
        "metadata": {"name": f"{metadata['name']}.{digest}", "namespace": metadata["namespace"]},
        "type": "Warning" if event.is_warning else "Normal",
        "reason": event.reason,
        "action": "Reconcile",
        "note": event.note[:_LONGEST_NOTE],
        "eventTime": moment,
        "reportingController": _CONTROLLER,
        "reportingInstance": instance,
        "regarding": {
            "apiVersion": kinds.IRIS_MODEL.api_version,
            "kind": kinds.IRIS_MODEL.name,
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
        },
    }
    try:
        await cluster.create(kinds.EVENT, manifest)
    except errors.ClusterError as error:
        if error.ending:
            return
        logger.warning("event %s of %s not written: %s", event.reason, metadata["name"], error)
