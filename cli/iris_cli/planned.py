"""Computes what the operator would create, change and delete, with the operator's own pure modules. Pure.

`between` compares two declarations. `against` compares one with a cluster and decides as the operator does:
it leaves alone an object that has every declared value, and never touches somebody else's object.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from iris_api import kinds
from iris_api.kinds import Kind
from iris_operator import children, errors
from iris_operator.decide import pod_templates
from iris_operator.model import plan, routes, shape, spec
from iris_operator.model.spec import IrisModel
from iris_operator.observe import ownership

from iris_cli import difference, owned
from iris_cli.errors import Trouble
from iris_cli.rollouts import course
from iris_cli.rollouts.course import Course

Body = Mapping[str, Any]
Name = tuple[Kind, str]

NOT_YET: Final = "(known after apply)"
ONCE_PROMOTED: Final = "once the candidate is promoted"
KINDS: Final = children.KINDS


@dataclass(frozen=True, slots=True)
class Change:
    """The change of one object; `why` is set where the operator would stall instead, or change it later."""

    action: Literal["create", "change", "delete", "refused"]
    kind: str
    name: str
    diff: str
    why: str = ""


def parsed(body: Body) -> IrisModel:
    """The model of a stored body. Raises Trouble where the operator would report InvalidSpec."""
    identity = {"uid": NOT_YET, **body["metadata"]}
    try:
        return spec.parse({**body, "metadata": identity})
    except errors.Invalid as invalid:
        raise Trouble(f"IrisModel {identity['name']}: {invalid.message}") from invalid


def wanted(
    body: Body, live: Mapping[Name, Body] | None = None, rollout: Course | None = None
) -> dict[Name, Body]:
    """The children of a stored IrisModel beside what is live; with a rollout, those of its first pass."""
    model = parsed(body)
    if model.suspend:
        return {}
    deployment = (live or {}).get((kinds.DEPLOYMENT, model.name))
    stable = shape.give(model, rollout.stable) if rollout else model
    revision = pod_templates.revision(stable, deployment)
    decided = rollout.plan(revision) if rollout else plan.immediate(model, template_revision=revision)
    built = children.build(model, decided)
    return {(kind, manifest["metadata"]["name"]): manifest for kind, manifest in built}


def rollout_between(before: Body | None, after: Body | None) -> Course | None:
    """How the pods get from one declaration to another; None: at once, or not at all."""
    if before is None or after is None or before["spec"].get("suspend") or after["spec"].get("suspend"):
        return None
    return course.of(parsed(after), shape.of(parsed(before)))


def rollout_against(body: Body, live: Mapping[Name, Body]) -> Course | None:
    """How the pods get from what is live to this declaration; None: at once, or not at all."""
    model = parsed(body)
    account = live.get((kinds.SERVICE_ACCOUNT, model.name))
    there = live.get((kinds.DEPLOYMENT, model.name))
    if model.suspend or account is None or there is None or ownership.owner(account, model) != "ours":
        return None
    return course.of(model, course.stable_of(account), body.get("status") or {})


def between(before: Body | None, after: Body | None) -> list[Change]:
    """The changes from one declaration to another; None: the model is new, or deleted."""
    if before and after and (before["spec"].get("suspend") or after["spec"].get("suspend")):
        return []  # children are not changed
    rollout = rollout_between(before, after)
    new = wanted(after, rollout=rollout) if after else {}
    changes = _changes(wanted(before) if before else {}, new)
    return [*changes, *_promoted(after, new, rollout)]


def _promoted(
    body: Body | None,
    during: Mapping[Name, Body],
    rollout: Course | None,
    live: Mapping[Name, Body] | None = None,
) -> list[Change]:
    """What the end of a rollout changes; its own objects go by themselves."""
    if body is None or rollout is None or rollout.is_refused:
        return []
    ends = _changes(during, {name: child for name, child in wanted(body, live).items() if name in during})
    return [replace(change, why=ONCE_PROMOTED) for change in ends if change.action == "change"]


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
    rollout, model = rollout_against(body, live), parsed(body)
    planned = wanted(body, live, rollout)
    new = {(kind, name): child for (kind, name), child in planned.items() if kind not in absent}
    refused, old = _route_refused(body, new, rivals), {}
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
    return [*_changes(old, new), *_promoted(body, new, rollout, live), *refused]


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
