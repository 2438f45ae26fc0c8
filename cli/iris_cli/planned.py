"""Computes what the operator would create, change and delete, with the operator's own pure modules. Pure.

`between` compares two declarations. `against` compares one with a cluster and decides as the operator does:
it leaves alone an object that has every declared value, and never touches somebody else's object.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from iris_api import kinds
from iris_api.kinds import Kind
from iris_operator import children, errors
from iris_operator.decide import pod_templates
from iris_operator.model import plan, routes, spec
from iris_operator.observe import ownership

from iris_cli import difference, owned
from iris_cli.errors import Trouble

Body = Mapping[str, Any]
Name = tuple[Kind, str]

NOT_YET: Final = "(known after apply)"
KINDS: Final = children.KINDS


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one object; `why` is set where the operator would stall instead."""

    action: Literal["create", "change", "delete", "refused"]
    kind: str
    name: str
    diff: str
    why: str = ""


def wanted(body: Body, live: Mapping[Name, Body] | None = None) -> dict[Name, Body]:
    """The children of a stored IrisModel beside what is live.

    Raises Trouble where the operator would report InvalidSpec.
    """
    identity = {"uid": NOT_YET, **body["metadata"]}
    try:
        model = spec.parse({**body, "metadata": identity})
    except errors.Invalid as invalid:
        raise Trouble(f"IrisModel {identity['name']}: {invalid.message}") from invalid
    if model.suspend:
        return {}
    deployment = (live or {}).get((kinds.DEPLOYMENT, model.name))
    revision = pod_templates.revision(model, deployment)
    built = children.build(model, plan.immediate(model, template_revision=revision))
    return {(kind, manifest["metadata"]["name"]): manifest for kind, manifest in built}


def between(before: Body | None, after: Body | None) -> list[Change]:
    """The changes from one declaration to another; None: the model is new, or deleted."""
    if before and after and (before["spec"].get("suspend") or after["spec"].get("suspend")):
        return []  # children are not changed
    return _changes(wanted(before) if before else {}, wanted(after) if after else {})


def against(
    body: Body,
    live: Mapping[Name, Body],
    *,
    absent: Collection[Kind] = (),
    rivals: Sequence[Body] = (),
) -> list[Change]:
    """The changes from a cluster with `live` objects by name; `absent`: kinds that it does not serve."""
    if body["spec"].get("suspend"):
        return []
    new = {(kind, name): child for (kind, name), child in wanted(body, live).items() if kind not in absent}
    refused, old = _route_refused(body, new, rivals), {}
    model = spec.parse({**body, "metadata": {"uid": NOT_YET, **body["metadata"]}})
    for (kind, name), found in live.items():
        ours = ownership.owner(found, model) == "ours"
        declared = new.get((kind, name))
        if ours:
            held = declared is not None and ownership.holds(found, ownership.stamp(dict(declared)))
            old[kind, name] = declared if held and declared else owned.of(found, declared or {})
        elif declared is not None:
            new.pop((kind, name))
            why = "ChildConflict: an object of that name belongs to somebody else"
            refused.append(Change("refused", kind.name, name, "", why))
    return [*_changes(old, new), *refused]


def _route_refused(body: Body, new: dict[Name, Body], rivals: Sequence[Body]) -> list[Change]:
    """Remove the route from `new` where another model has its host and path."""
    claim, itself = routes.claim(body), (body["metadata"]["namespace"], body["metadata"]["name"])
    if claim is None:
        return []
    # A model that exists only in a file is younger than any in the cluster.
    claimants = [
        one if "creationTimestamp" in one["metadata"] else _youngest(one)
        for one in rivals
        if routes.claim(one) == claim
    ]
    holder = routes.holder(claimants)
    if holder is None or holder == itself:
        return []
    why = f"RouteConflict: IrisModel {holder[0]}/{holder[1]} already has this host and path"
    refused = [found for found in new if found[0] in children.ROUTE_KINDS]
    for found in refused:
        del new[found]
    return [Change("refused", kind.name, name, "", why) for kind, name in refused]


def _youngest(body: Body) -> Body:
    return {**body, "metadata": {**body["metadata"], "creationTimestamp": "9999"}}


def _changes(old: Mapping[Name, Body], new: Mapping[Name, Body]) -> list[Change]:
    names = [*new, *(name for name in old if name not in new)]
    changes = []
    for kind, name in names:
        before, after = old.get((kind, name)), new.get((kind, name))
        diff = difference.unified(before, after, f"{kind.name}/{name}")
        if diff:
            action: Literal["create", "change", "delete"] = (
                "create" if before is None else "change" if after is not None else "delete"
            )
            changes.append(Change(action, kind.name, name, diff))
    return changes
