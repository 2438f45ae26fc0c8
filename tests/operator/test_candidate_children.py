"""The objects of a candidate beside those of the stable version."""

from typing import Any

from iris_operator import children
from iris_operator.children import (
    deployment,
    horizontal_pod_autoscaler,
    pod_disruption_budget,
)
from iris_operator.model import plan, shape

from tests.operator import bodies, manifests


def test_a_candidate_has_objects_of_its_own_that_select_only_its_pods() -> None:
    stable, candidate = shape.of(bodies.model()), shape.of(bodies.model(version="1.5.0"))
    model = bodies.model(version="1.5.0", replicas=3)
    tracks = (plan.Track(plan.STABLE, stable), plan.Track(plan.CANARY, candidate))

    built = {
        f"{kind.name}/{manifest['metadata']['name']}": manifest
        for kind, manifest in children.build(model, plan.Plan(tracks))
    }

    names = {name.partition("/")[0] for name in built if name.endswith("/iris-canary")}
    assert names == {"Deployment", "Service", "NetworkPolicy", "PodDisruptionBudget", "ServiceMonitor"}
    selector = {**manifests.SELECTOR, "app.kubernetes.io/name": "iris-server-canary"}
    made = built["Deployment/iris-canary"]["spec"]
    assert made["selector"]["matchLabels"] == selector
    assert selector.items() <= made["template"]["metadata"]["labels"].items()
    assert made["replicas"] == 2
    assert built["Service/iris-canary"]["spec"]["selector"] == selector
    assert built["NetworkPolicy/iris-canary"]["spec"]["podSelector"]["matchLabels"] == selector
    assert built["PodDisruptionBudget/iris-canary"]["spec"]["selector"]["matchLabels"] == selector
    assert built["ServiceMonitor/iris-canary"]["spec"]["selector"]["matchLabels"] == selector
    assert selector.items() <= built["Service/iris-canary"]["metadata"]["labels"].items()
    assert built["Deployment/iris"]["spec"]["template"] == template_of(stable)
    assert built["Service/iris"]["spec"]["selector"] == manifests.SELECTOR


def template_of(known: shape.Shape) -> dict[str, Any]:
    return dict(deployment.build(shape.give(bodies.model(), known))["spec"]["template"])


def test_one_candidate_pod_is_enough_for_one_stable_pod() -> None:
    model = bodies.model(replicas=1)
    track = plan.Track(plan.CANARY, shape.of(model))

    built = dict(children.build(model, plan.Plan((track,))))

    assert built[deployment.KIND]["spec"]["replicas"] == 1
    assert pod_disruption_budget.KIND not in built


def test_a_candidate_is_not_scaled_by_the_autoscaler() -> None:
    model = manifests.full()

    built = dict(children.build(model, plan.Plan((plan.Track(plan.CANARY, shape.of(model)),))))

    assert built[deployment.KIND]["spec"]["replicas"] == 2
    assert horizontal_pod_autoscaler.KIND not in built
