"""The objects of every release so far under this operator: no pod restarts, no silent change."""

from typing import Any

import pytest
from iris_operator.observe import ownership

from tests.operator import bodies, upgrades
from tests.operator.upgrades import Golden

CASES = pytest.mark.parametrize("case", upgrades.golden(), ids=lambda case: case.name)


def made(case: Golden) -> dict[tuple[str, str], dict[str, Any]]:
    """What this operator writes for the same spec, by kind and name."""
    built = bodies.built(bodies.model(**case.spec))
    return {
        (kind.name, manifest["metadata"]["name"]): ownership.stamp(manifest)
        for kind, manifest in built
        if kind.name != "ConfigMap"
    }


def test_there_is_a_release_to_compare_with() -> None:
    assert len(upgrades.golden()) >= 4


@CASES
def test_an_upgrade_restarts_no_pod(case: Golden) -> None:
    before = next(child for child in case.children if child["kind"] == "Deployment")

    after = made(case)["Deployment", "iris"]

    assert after["spec"]["template"] == before["spec"]["template"]
    assert after["spec"]["selector"] == before["spec"]["selector"]  # immutable: another one is refused


@CASES
def test_an_upgrade_changes_only_what_is_announced(case: Golden) -> None:
    before = {(child["kind"], child["metadata"]["name"]): child for child in case.children}
    after = made(case)

    changed = {
        (kind, where)
        for (kind, name), child in before.items()
        for where in upgrades.differences(child, after.get((kind, name), {}))
        if not where.endswith(ownership.INTENT)
    }
    assert changed <= upgrades.CHANGED.keys()
    assert {kind for kind, _ in after.keys() - before.keys()} <= upgrades.NEW_KINDS.keys()


@CASES
def test_an_upgrade_writes_nothing_that_is_not_announced(case: Golden) -> None:
    """An intent that moved without a difference would be one needless write for every child there is."""
    after = made(case)

    for child in case.children:
        kind, name = child["kind"], child["metadata"]["name"]
        if not any(kind == changed for changed, _ in upgrades.CHANGED):
            assert after[kind, name]["metadata"]["annotations"] == child["metadata"]["annotations"]
