"""Makes a Plan from the declaration and what was observed. Pure."""

from iris_api import kinds, reasons
from iris_api.kinds import Kind

from iris_operator import children, errors
from iris_operator.decide import pod_templates
from iris_operator.model import plan, routes
from iris_operator.model.plan import Plan
from iris_operator.model.spec import IrisModel
from iris_operator.observe.store import Snapshot


def decide(model: IrisModel, snapshot: Snapshot, absent: frozenset[Kind]) -> Plan:
    """The plan of this pass. `absent`: kinds without an API in this cluster."""
    conflict = _route_conflict(snapshot)
    left_out = absent | children.ROUTE_KINDS if conflict else absent
    live = snapshot.children.get((kinds.DEPLOYMENT, model.name))
    revision = pod_templates.revision(model, live)
    return plan.immediate(model, left_out, conflict, template_revision=revision)


def _route_conflict(snapshot: Snapshot) -> errors.Invalid | None:
    holder = routes.holder(snapshot.rivals, snapshot.routed)
    if holder is None or holder == snapshot.key:
        return None
    found = f"found that IrisModel {holder[0]}/{holder[1]} already has this host and path"
    return errors.Invalid(reasons.ROUTE_CONFLICT, f"spec.route: {found}, expected one that is free")
