"""The revision of the pod template that a Deployment gets. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from iris_operator.children import deployment
from iris_operator.model import pod_template
from iris_operator.model.spec import IrisModel
from iris_operator.observe import ownership


def revision(model: IrisModel, live: Mapping[str, Any] | None) -> int:
    """The newest for a new Deployment, and where the spec replaces the pods anyway; else that of `live`."""
    if live is None:
        return pod_template.NEWEST
    found = deployment.template_revision(live)
    if found == pod_template.NEWEST:
        return found
    same = ownership.stamp(deployment.build(msgspec.structs.replace(model, template_revision=found)))
    if _intent(live) == _intent(same):
        return found  # also where the pods were changed by hand: the same ones come back
    is_held = ownership.holds(live["spec"]["template"], same["spec"]["template"])
    return found if is_held else pod_template.NEWEST


def _intent(body: Mapping[str, Any]) -> object:
    return body["metadata"].get("annotations", {}).get(ownership.INTENT)
