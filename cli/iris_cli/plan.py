"""`iris plan`: collects the two sides that `planned` compares, and words the result. Reads only."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iris_api.kinds import Kind

from iris_cli import declared, fleet, flux, planned
from iris_cli.errors import Trouble
from iris_cli.kubectl import Body, Kubectl
from iris_cli.planned import Change, Name
from iris_cli.rollouts import course

_SIGNS: Final = {"create": "+", "change": "~", "delete": "-", "refused": "!"}


def read(path: str, namespace: str) -> list[Body]:
    """The IrisModels of a file (`-`: standard input), as the API server would store them."""
    return parse(text(path), path, namespace)


def parse(content: str, path: str, namespace: str) -> list[Body]:
    """The same for a file that was read."""
    return declared.load(content, "standard input" if path == "-" else path, namespace)


def text(path: str) -> str:
    """The content of a file (`-`: standard input)."""
    if path == "-":
        return sys.stdin.read()
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        found = getattr(error, "strerror", None) or "no UTF-8"
        raise Trouble(f"{path}: {found}, expected a file of IrisModels") from error


def render(kubectl: Kubectl, folder: str, namespace: str) -> list[Body]:
    """The IrisModels of a kustomization with its patches, as the API server would store them."""
    return declared.load(kubectl.build(folder), folder, namespace)


@dataclass(frozen=True, slots=True)
class Planned:
    """By the title of a model: what would change, and how its pods would be rolled out."""

    changes: dict[str, list[Change]]
    rollouts: dict[str, list[str]]


def offline(models: list[Body], before: list[Body]) -> Planned:
    """The changes of each model from one set of declarations to another."""
    old, new = ({_title(body): body for body in bodies} for bodies in (before, models))
    titles = list({**new, **old})
    found = {title: planned.rollout_between(old.get(title), new.get(title)) for title in titles}
    return Planned(
        {title: planned.between(old.get(title), new.get(title)) for title in titles},
        {title: list(course.lines(one, None)) for title, one in found.items() if one},
    )


def online(kubectl: Kubectl, models: list[Body]) -> Planned:
    """The changes of each model from the cluster to its declaration. One LIST per kind and namespace."""
    there = {fleet.identity(body): body for body in fleet.everywhere(kubectl, fleet.identity(models[0])[0])}
    known = {fleet.identity(body): _placed(body, there.get(fleet.identity(body))) for body in models}
    rivals = list({**there, **known}.values())
    live = {namespace: _live(kubectl, namespace) for namespace in sorted({name[0] for name in known})}
    found = Planned({}, {})
    for (namespace, name), body in known.items():
        children, absent = live[namespace]
        found.changes[_title(body)] = planned.against(body, children, absent=absent, rivals=rivals)
        rollout = planned.rollout_against(body, children)
        if rollout:
            waits = flux.waits_seconds(kubectl, there[namespace, name])
            found.rollouts[_title(body)] = list(course.lines(rollout, waits))
    return found


def _placed(body: Body, stored: Body | None) -> Body:
    """The declaration with identity and status of the stored object, if it exists."""
    identity = ("uid", "creationTimestamp", "deletionTimestamp")
    known = {name: stored["metadata"][name] for name in identity if stored and name in stored["metadata"]}
    status = {"status": stored["status"]} if stored and "status" in stored else {}
    return {**body, **status, "metadata": {**body["metadata"], **known}}


def _live(kubectl: Kubectl, namespace: str) -> tuple[dict[Name, Body], set[Kind]]:
    """The children by name, and the kinds that the cluster does not serve."""
    with ThreadPoolExecutor(len(planned.KINDS)) as pool:
        lists = {
            kind: pool.submit(kubectl.items, kind.path(namespace), none_if="NoSuchKind")
            for kind in planned.KINDS
        }
    found = {kind: answer.result() for kind, answer in lists.items()}
    children = {
        # a LIST omits apiVersion and kind of its items
        (kind, item["metadata"]["name"]): {"apiVersion": kind.api_version, "kind": kind.name, **item}
        for kind, items in found.items()
        for item in items or ()
    }
    return children, {kind for kind, items in found.items() if items is None}


def summary(plan: Planned) -> str:
    """One line per object that would change, or one per model when nothing would, after its rollout."""
    lines = []
    for model, found in plan.changes.items():
        lines.append(f"{model}: {_count(found)}")
        lines += [f"  {line}" for line in plan.rollouts.get(model, ())]
        lines += [f"  {_SIGNS[one.action]} {one.action} {one.kind} {one.name}{_why(one)}" for one in found]
    return "\n".join(lines)


def _count(found: list[Change]) -> str:
    if not found:
        return "nothing would change"
    actions = [one.action for one in found]
    return ", ".join(
        f"{actions.count(action)} to {action}" for action in _SIGNS if action in actions
    ).replace("to refused", "refused")


def _why(change: Change) -> str:
    return f" ({change.why})" if change.why else ""


def _title(body: Body) -> str:
    return "IrisModel " + "/".join(fleet.identity(body))
