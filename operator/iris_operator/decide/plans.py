"""Completes a plan: what is left out, and the revision of its pod templates. Pure."""

import dataclasses

from iris_api import kinds, reasons
from iris_api.kinds import Kind

from iris_operator import children, errors
from iris_operator.decide import pod_templates
from iris_operator.model import plan, routes, shape
from iris_operator.model.plan import Plan
from iris_operator.model.spec import IrisModel
from iris_operator.observe.route_changes import FormerRoute
from iris_operator.observe.store import Snapshot


def complete(
    decided: Plan,
    model: IrisModel,
    snapshot: Snapshot,
    *,
    absent: frozenset[Kind],
    former: FormerRoute | None = None,
) -> Plan:
    """`absent`: kinds without an API in this cluster; `former`: a route that has to stay."""
    conflict = _route_conflict(snapshot)
    left_out = absent | children.ROUTE_KINDS if conflict else absent
    former_route = former.kind if former and not conflict else None
    complete = dataclasses.replace(decided, left_out=left_out, conflict=conflict, former_route=former_route)
    return with_revisions(complete, model, snapshot)


def with_revisions(decided: Plan, model: IrisModel, snapshot: Snapshot) -> Plan:
    """A candidate is always new, so its pods are of the newest revision."""
    live = snapshot.children.get((kinds.DEPLOYMENT, model.name))
    tracks = [
        dataclasses.replace(
            track, template_revision=pod_templates.revision(shape.give(model, track.shape), live)
        )
        if track.name == plan.STABLE
        else track
        for track in decided.tracks
    ]
    return dataclasses.replace(decided, tracks=tuple(tracks))


def _route_conflict(snapshot: Snapshot) -> errors.Invalid | None:
    holder = routes.holder(snapshot.rivals, snapshot.routed)
    if holder is None or holder == snapshot.key:
        return None
    found = f"found that IrisModel {holder[0]}/{holder[1]} already has this host and path"
    return errors.Invalid(reasons.ROUTE_CONFLICT, f"spec.route: {found}, expected one that is free")
