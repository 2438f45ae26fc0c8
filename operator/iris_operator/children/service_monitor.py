"""The ServiceMonitor: tells Prometheus Operator to scrape every pod; none when turned off. Pure."""

from typing import Any, Final

from iris_operator import kinds
from iris_operator.children import metadata
from iris_operator.spec import IrisModel

KIND = kinds.SERVICE_MONITOR
_INTERVAL: Final = "30s"


def build(model: IrisModel) -> dict[str, Any] | None:
    if not model.scrape:
        return None
    return metadata.manifest(
        KIND,
        model,
        spec={
            "selector": {"matchLabels": metadata.selector(model)},
            "endpoints": [{"port": "http", "path": "/metrics", "interval": _INTERVAL}],
        },
    )
