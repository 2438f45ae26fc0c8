"""The PrometheusRule: the model's alerts for Prometheus Operator; none when turned off. Pure."""

from typing import Any

from iris_api import kinds, reasons

from iris_operator.children import metadata
from iris_operator.model.spec import IrisModel
from iris_operator.monitoring import alerts

KIND = kinds.PROMETHEUS_RULE
CONDITION = "MonitoringReady"
APPLIED = reasons.MONITORING_APPLIED
API = "the CRDs of Prometheus Operator"


def build(model: IrisModel) -> dict[str, Any] | None:
    if not model.monitoring.alerts.enabled:
        return None
    groups = alerts.groups(model.namespace, model.name, model.monitoring.objectives)
    return metadata.manifest(KIND, model, spec={"groups": list(groups)})
