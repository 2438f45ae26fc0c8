"""The ConfigMap with the model's dashboard for Grafana's sidecar; none when turned off. Pure."""

from typing import Any, Final

from iris_api import kinds

from iris_operator.children import metadata
from iris_operator.model.spec import IrisModel
from iris_operator.monitoring.dashboards import model as dashboard

KIND = kinds.CONFIG_MAP
CONDITION = "MonitoringReady"
SUFFIX: Final = "-dashboard"


def build(model: IrisModel) -> dict[str, Any] | None:
    if not model.monitoring.dashboard.enabled:
        return None
    # The sidecar writes all namespaces' files into one folder: the key alone must be unique. No namespace or
    # name of a model has a dot in it.
    key = f"iris-{model.namespace}.{model.name}.json"
    child = metadata.manifest(
        KIND,
        model,
        name=f"{model.name}{SUFFIX}",
        data={key: dashboard.build(model.namespace, model.name, model.monitoring.objectives)},
    )
    # A sidecar may be configured for another value.
    metadata.add(child, "labels", {"grafana_dashboard": "1"} | model.common_metadata.labels)
    metadata.add(child, "annotations", {"grafana_folder": model.monitoring.dashboard.folder})
    return child
