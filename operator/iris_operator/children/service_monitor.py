"""The ServiceMonitor, by which Prometheus Operator scrapes every pod; none when turned off. Pure.

How often is that Prometheus' own affair: one on a laptop looks every 5 s, one of a thousand pods does not.
"""

from typing import Any

from iris_api import kinds, reasons

from iris_operator.children import deployment, metadata
from iris_operator.model.spec import IrisModel

KIND = kinds.SERVICE_MONITOR
CONDITION = "MonitoringReady"
APPLIED = reasons.MONITORING_APPLIED
API = "the CRDs of Prometheus Operator"


def build(model: IrisModel) -> dict[str, Any] | None:
    if not model.monitoring.scrape.enabled:
        return None
    # A port of the pods: the Service has none that needs no key.
    port = {"port": "http"} if model.access is None else {"targetPort": deployment.MANAGEMENT}
    return metadata.manifest(
        KIND,
        model,
        spec={
            "selector": {"matchLabels": metadata.selector(model)},
            "endpoints": [{**port, "path": "/metrics"}],
        },
    )
