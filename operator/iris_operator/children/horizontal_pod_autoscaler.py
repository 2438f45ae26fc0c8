"""The HorizontalPodAutoscaler: owner of the replicas while `spec.autoscaling` is set. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from iris_api import kinds, reasons

from iris_operator.children import deployment, metadata
from iris_operator.children.report import Report
from iris_operator.model.spec import IrisModel

KIND = kinds.HORIZONTAL_POD_AUTOSCALER
CONDITION = "AutoscalingReady"

# The autoscaler names whichever pod it came to first: the status must not change with it.
_POD_NAME: Final = re.compile(r" (?:of|for) [Pp]od \S+")
_OVERDUE: Final = (
    f"{KIND.name}: found no report of a controller within spec.progressDeadlineSeconds, expected its "
    "condition ScalingActive; check that kube-controller-manager runs its autoscaler"
)


def build(model: IrisModel, *, may_shrink: bool = True) -> dict[str, Any] | None:
    """`may_shrink`: False while a candidate has a share of the load, which a rollback takes back at once."""
    autoscaling = model.autoscaling
    if autoscaling is None:
        return None
    target = {"type": "Utilization", "averageUtilization": autoscaling.target_cpu_utilization_percentage}
    # Of our container only: a sidecar without a CPU request would leave the whole pod without a utilization.
    cpu = {"name": "cpu", "container": deployment.CONTAINER, "target": target}
    spec: dict[str, Any] = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": model.name},
        "minReplicas": autoscaling.min_replicas,
        "maxReplicas": autoscaling.max_replicas,
        "metrics": [{"type": "ContainerResource", "containerResource": cpu}],
    }
    if not may_shrink:
        spec["behavior"] = {"scaleDown": {"selectPolicy": "Disabled"}}
    return metadata.manifest(KIND, model, spec=spec)


def report(live: Mapping[str, Any]) -> Report:
    """Whether the autoscaler can scale; nothing until its controller has looked or is overdue."""
    conditions = {row["type"]: row for row in (live.get("status") or {}).get("conditions") or ()}
    found = [row for kind in ("AbleToScale", "ScalingActive") if (row := conditions.get(kind))]
    for row in found:
        if row["status"] == "False":
            message = _POD_NAME.sub("", row.get("message", ""))
            return Report(False, reasons.SCALING_INACTIVE, f"{KIND.name}: {row.get('reason')}: {message}")
    if conditions.get("ScalingActive", {}).get("status") != "True":
        made = live["metadata"].get("creationTimestamp")
        overdue = Report(None, reasons.SCALING_NOT_REPORTED, _OVERDUE)
        since = datetime.fromisoformat(made) if made else None
        return Report(None, "", "", since=since, overdue=overdue)
    return Report(True, reasons.SCALING_ACTIVE, f"{KIND.name} scales by CPU use")
