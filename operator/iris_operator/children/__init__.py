"""Builds the manifests of an IrisModel: one file per kind, listed in CHILDREN. Pure.

Each file has `KIND` and `build(model)`, which returns the whole manifest, or None when there is none. A kind
that a model can serve without also has `CONDITION`: the condition that is False when that child fails. Where
that condition can also be True, the file has its reason, `APPLIED`, or `report(live)`, which reads what the
child's own controller reports; where the kind comes with somebody's CRD, `API` names the product.

To add a kind: write its file, add it to CHILDREN, add its rule to operator/manifests/cluster-role.yaml (a
test asks).
"""

from collections.abc import Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any, Final

import msgspec
from iris_api.kinds import Kind

from iris_operator.children import (
    access_config_map,
    dashboard_config_map,
    deployment,
    horizontal_pod_autoscaler,
    http_route,
    immutable_config_map,
    ingress,
    metadata,
    network_policy,
    pod_disruption_budget,
    prometheus_rule,
    service,
    service_account,
    service_monitor,
    verify_config_map,
)
from iris_operator.model import shape
from iris_operator.model.plan import CANARY, Plan, Track
from iris_operator.model.spec import IrisModel

# In the order in which they are applied: what pods need to be made and guarded, then the Deployment, which
# takes longest to become true, then what leads to it.
CHILDREN: Final[tuple[ModuleType, ...]] = (
    service_account,
    network_policy,
    access_config_map,
    verify_config_map,
    deployment,
    service,
    pod_disruption_budget,
    horizontal_pod_autoscaler,
    dashboard_config_map,
    service_monitor,
    prometheus_rule,
    ingress,
    http_route,
)
KINDS: Final[tuple[Kind, ...]] = tuple(dict.fromkeys(child.KIND for child in CHILDREN))
_CONDITIONS: Final[Mapping[Kind, str]] = {
    child.KIND: getattr(child, "CONDITION", "Ready") for child in CHILDREN
}
# Of conditions that children make False when they fail.
CONDITIONS: Final = frozenset(_CONDITIONS.values())
# One of them leads to a model, by `spec.route.type`.
ROUTE_KINDS: Final = frozenset({ingress.KIND, http_route.KIND})

# What a candidate has of its own.
_OF_CANARY: Final = (network_policy, deployment, service, pod_disruption_budget, service_monitor)


def condition(kind: Kind, name: str) -> str:
    """The condition that this child makes False when it fails."""
    if kind == immutable_config_map.KIND and not name.endswith(dashboard_config_map.SUFFIX):
        return "Ready"
    return _CONDITIONS[kind]


def build(model: IrisModel, plan: Plan) -> list[tuple[Kind, dict[str, Any]]]:
    """Every child of every track, in the order in which they are applied."""
    built = []
    for track in plan.tracks:
        tracked = _declared(model, track)
        if track.name == CANARY:
            built += [
                (kind, metadata.of_canary(manifest, model))
                for kind, manifest in _built(_candidate(tracked, track.replicas), _OF_CANARY, plan)
            ]
        else:
            fallback = shape.give(model, plan.fallback or track.shape)
            built += _built(fallback, (service_account,), plan)
            built += _built(tracked, [child for child in CHILDREN if child is not service_account], plan)
    return built


def _built(model: IrisModel, of: Iterable[ModuleType], plan: Plan) -> Iterator[tuple[Kind, dict[str, Any]]]:
    for child in of:
        if child.KIND not in plan.left_out and (manifest := _manifest(child, model, plan)) is not None:
            yield child.KIND, manifest


def _manifest(child: ModuleType, model: IrisModel, plan: Plan) -> dict[str, Any] | None:
    if child is http_route:
        return http_route.build(model, plan.candidate_percent)
    if child is horizontal_pod_autoscaler:
        return horizontal_pod_autoscaler.build(model, may_shrink=not plan.candidate_percent)
    manifest: dict[str, Any] | None = child.build(model)
    return manifest


def _candidate(model: IrisModel, replicas: int | None) -> IrisModel:
    """As few pods as show that it works; two where the stable version has two, for they must agree."""
    fewest = model.autoscaling.min_replicas if model.autoscaling else model.replicas
    least = min(fewest, 2) if replicas is None else replicas
    return msgspec.structs.replace(model, replicas=least, autoscaling=None)


def _declared(model: IrisModel, track: Track) -> IrisModel:
    given = shape.give(model, track.shape)
    return msgspec.structs.replace(given, template_revision=track.template_revision)


def reported(model: IrisModel) -> list[ModuleType]:
    """Those with a condition that can be True, as far as the model asks for them."""
    return [
        child
        for child in CHILDREN
        if (hasattr(child, "APPLIED") or hasattr(child, "report")) and child.build(model) is not None
    ]
