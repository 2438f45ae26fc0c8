"""The change of a declaration that decides a rollout, as YAML for a commit. Pure."""

from collections.abc import Mapping
from typing import Any, Final

import yaml
from iris_api import rollouts

from iris_cli import commits, fleet
from iris_cli.errors import Trouble
from iris_cli.kubectl import Body
from iris_cli.rollouts import report

ACTIONS: Final = ("approve", "skip", "abort", "pause")


def of(body: Body, action: str) -> str:
    """Comments and the fields to set. Raises Trouble where the action would decide nothing."""
    rollout = report.of(body)
    namespace, name = fleet.identity(body)
    open_states = rollouts.UNDER_WAY if action in ("approve", "pause") else rollouts.UNDECIDED
    if rollout.get("state") not in open_states:
        found = f"found {rollout['state']}" if rollout else "found no rollout"
        raise Trouble(
            f"IrisModel {namespace}/{name}: {found}, expected a rollout that --patch {action} decides"
        )
    spec, note = _change(body, action, rollout)
    lines = [f"# IrisModel {namespace}/{name}: {note}", "# Commit it where Git declares this model."]
    return "\n".join(lines) + "\n" + yaml.safe_dump({"spec": spec}, sort_keys=False)


def _change(body: Body, action: str, rollout: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    candidate, stable = (str(rollout[track]["version"]) for track in ("candidate", "stable"))
    if action == "approve":
        return {"rollout": {"approved": candidate}}, f"promote {candidate} once it has passed"
    if action == "skip":
        note = f"{candidate} replaces {stable} at once, whatever the comparison shows"
        return {"rollout": {"skip": candidate}}, note
    if action == "pause":
        return {"rollout": {"pause": True}}, f"{candidate} is not promoted until this is false again"
    commit = commits.digest(fleet.row(body, {}).revision) or "COMMIT"
    if candidate == stable:
        namespace, name = fleet.identity(body)
        found = f"found {stable} as candidate and as stable version"
        raise Trouble(f"IrisModel {namespace}/{name}: {found}, expected: git revert {commit}")
    return {"version": stable}, f"back to {stable}; this does the same: git revert {commit}"
