"""IrisModel to the manifests that it asks for: one file per kind, listed in CHILDREN. Pure.

Each file has `KIND` and `build(model)`, which returns the whole manifest, or None for "not wanted". A kind
that a model can serve without also has `CONDITION`: the condition that is False when that child fails. To
add a kind: write its file, add it to CHILDREN, add its rule to operator/manifests/cluster-role.yaml (a test
asks).
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

from iris_operator.children import (
    dashboard_config_map,
    deployment,
    horizontal_pod_autoscaler,
    ingress,
    network_policy,
    pod_disruption_budget,
    prometheus_rule,
    service,
    service_account,
    service_monitor,
)
from iris_operator.kinds import Kind
from iris_operator.model.spec import IrisModel

# In the order in which they are applied: what pods need to be made and guarded, then the Deployment, which
# takes longest to become true, then what leads to it.
CHILDREN: Final[tuple[ModuleType, ...]] = (
    service_account,
    network_policy,
    deployment,
    service,
    pod_disruption_budget,
    horizontal_pod_autoscaler,
    dashboard_config_map,
    service_monitor,
    prometheus_rule,
    ingress,
)
KINDS: Final[tuple[Kind, ...]] = tuple(dict.fromkeys(child.KIND for child in CHILDREN))
# The condition that a child of a kind makes False when it fails.
CONDITIONS: Final[Mapping[Kind, str]] = {
    child.KIND: getattr(child, "CONDITION", "Ready") for child in CHILDREN
}


def build(model: IrisModel) -> list[tuple[Kind, dict[str, Any]]]:
    """Every wanted child, in the order in which they are applied."""
    built = ((child.KIND, child.build(model)) for child in CHILDREN)
    return [(kind, manifest) for kind, manifest in built if manifest is not None]


def optional(model: IrisModel) -> tuple[Kind, ...]:
    """The kinds that a model asks for and a cluster may not have."""
    return tuple(child.KIND for child in CHILDREN if child.KIND.optional and child.build(model) is not None)
