"""The objects of every release so far under this operator: no pod restarts, no silent change."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from iris_api import kinds
from iris_operator import children
from iris_operator.children import deployment
from iris_operator.decide import pod_templates
from iris_operator.model import plan, pod_template
from iris_operator.observe import ownership

from tests.operator import bodies, upgrades
from tests.operator.upgrades import Golden

CASES = pytest.mark.parametrize("case", upgrades.golden(), ids=lambda case: case.name)


def deployment_of(case: Golden) -> Mapping[str, Any]:
    return next(child for child in case.children if child["kind"] == "Deployment")


def revision_for(case: Golden, **changes: Any) -> int:
    """Of the pod template for the release's Deployment, once the spec has changed."""
    return pod_templates.revision(bodies.model(**{**case.spec, **changes}), deployment_of(case))


def made(case: Golden) -> dict[tuple[str, str], dict[str, Any]]:
    """What this operator writes for the same spec beside what the release wrote, by kind and name."""
    model = bodies.model(**case.spec)
    built = children.build(model, plan.immediate(model, template_revision=revision_for(case)))
    return {
        (kind.name, manifest["metadata"]["name"]): ownership.stamp(manifest)
        for kind, manifest in built
        if kind.name != "ConfigMap"
    }


def test_the_release_before_is_available() -> None:
    assert len(upgrades.golden()) >= 4


@CASES
def test_an_upgrade_restarts_no_pod(case: Golden) -> None:
    before = deployment_of(case)

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


@CASES
@pytest.mark.parametrize(
    "change",
    [
        {"version": "9.9.9"},
        {"env": [{"name": "TZ", "value": "Europe/Vienna"}]},
        {"resources": {"requests": {"cpu": "300m"}}},
    ],
    ids=["version", "env", "resources"],
)
def test_a_change_of_the_spec_that_replaces_the_pods_brings_the_newest_pod_template(
    case: Golden, change: dict[str, Any]
) -> None:
    assert revision_for(case, **change) == pod_template.NEWEST


@CASES
@pytest.mark.parametrize(
    "change",
    [
        {"replicas": 7, "autoscaling": None},
        {"autoscaling": {"minReplicas": 1, "maxReplicas": 30}},
        {"progressDeadlineSeconds": 77},
        {"commonMetadata": {"labels": {"release": "prometheus"}}},
        {"monitoring": {"scrape": {"enabled": False}}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_change_of_the_spec_that_leaves_the_pods_alone_keeps_their_template(
    case: Golden, change: dict[str, Any]
) -> None:
    """Scaling must not replace the pods that are there."""
    model = bodies.model(**{**case.spec, **change})

    revision = pod_templates.revision(model, deployment_of(case))

    assert revision == pod_template.OLDEST
    [template] = [
        child["spec"]["template"]
        for kind, child in children.build(model, plan.immediate(model, template_revision=revision))
        if kind == kinds.DEPLOYMENT
    ]
    assert template == deployment_of(case)["spec"]["template"]


@CASES
def test_pods_changed_by_hand_are_put_back_to_the_template_that_they_had(case: Golden) -> None:
    """The newest one would replace them twice."""
    drifted = copy.deepcopy(dict(deployment_of(case)))
    drifted["spec"]["template"]["spec"]["containers"][0]["image"] = "somebody/else:1"

    assert pod_templates.revision(bodies.model(**case.spec), drifted) == pod_template.OLDEST


def test_a_new_model_gets_the_newest_pod_template() -> None:
    assert pod_templates.revision(bodies.model(), None) == pod_template.NEWEST


@pytest.mark.parametrize("written", [str(pod_template.NEWEST), "99", "", "newest"])
def test_a_deployment_of_the_newest_or_an_unknown_pod_template_gets_the_newest(written: str) -> None:
    """A newer release may have written it; it cannot be built here."""
    live = deployment.build(bodies.model())
    live["metadata"]["annotations"]["serving.two.inc/pod-template"] = written

    assert pod_templates.revision(bodies.model(), live) == pod_template.NEWEST
