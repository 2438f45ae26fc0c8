"""The PodDisruptionBudget: a drained node takes one pod at a time; none for a single replica. Pure.

With one replica a budget could only block the drain for ever or allow what happens anyway.
"""

from typing import Any

from iris_api import kinds

from iris_operator.children import metadata
from iris_operator.model.spec import IrisModel

KIND = kinds.POD_DISRUPTION_BUDGET
CONDITION = "DisruptionBudgetReady"


def build(model: IrisModel) -> dict[str, Any] | None:
    least = model.autoscaling.min_replicas if model.autoscaling else model.replicas
    if least < 2:
        return None
    return metadata.manifest(
        KIND,
        model,
        spec={
            "maxUnavailable": 1,
            # A pod that is not ready must not delay the drain.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": metadata.selector(model)},
        },
    )
