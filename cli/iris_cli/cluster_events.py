"""Events of the cluster: which it still has about a model, and when they were."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from iris_api import kinds

from iris_cli import fleet
from iris_cli.kubectl import Body, Kubectl


def about(cluster: Kubectl, model: Body) -> list[Body] | None:
    """None: this user may not list them."""
    namespace, name = fleet.identity(model)
    selector = quote(f"involvedObject.kind={kinds.IRIS_MODEL.name},involvedObject.name={name}")
    path = f"/api/v1/namespaces/{namespace}/events?fieldSelector={selector}"
    return cluster.items(path, none_if="Forbidden")


def moment_of(event: Mapping[str, Any]) -> datetime | None:
    """The last time of an event, from whichever of its fields is set."""
    series = event.get("series") or {}
    for text in (series.get("lastObservedTime"), event.get("eventTime"), event.get("lastTimestamp")):
        if text:
            return datetime.fromisoformat(text)
    return None
