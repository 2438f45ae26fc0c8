"""The HorizontalPodAutoscaler: owner of the replicas while `spec.autoscaling` is set. Pure."""

from typing import Any

from iris_api import kinds

from iris_operator.children import metadata
from iris_operator.model.spec import IrisModel

KIND = kinds.HORIZONTAL_POD_AUTOSCALER
CONDITION = "AutoscalingReady"


def build(model: IrisModel) -> dict[str, Any] | None:
    autoscaling = model.autoscaling
    if autoscaling is None:
        return None
    target = {"type": "Utilization", "averageUtilization": autoscaling.target_cpu_utilization_percentage}
    return metadata.manifest(
        KIND,
        model,
        spec={
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": model.name},
            "minReplicas": autoscaling.min_replicas,
            "maxReplicas": autoscaling.max_replicas,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    )
