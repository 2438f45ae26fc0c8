"""The HorizontalPodAutoscaler, and what is reported of it."""

from datetime import timedelta
from typing import Any

from iris_api import kinds
from iris_operator.children import (
    horizontal_pod_autoscaler,
    report,
)
from iris_operator.reconcile import reconcile

from tests.fakes.cluster import FakeCluster
from tests.operator import bodies, manifests, passes
from tests.operator.passes import KEY, NOW


def test_the_operator_builds_the_whole_autoscaler() -> None:
    model = bodies.model(autoscaling={"maxReplicas": 6})

    built = horizontal_pod_autoscaler.build(model)

    target = {"type": "Utilization", "averageUtilization": 70}
    assert built == manifests.whole(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        spec={
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "iris"},
            "minReplicas": 2,
            "maxReplicas": 6,
            "metrics": [
                {
                    "type": "ContainerResource",
                    "containerResource": {"name": "cpu", "container": "server", "target": target},
                }
            ],
        },
    )


def reported(**conditions: str) -> report.Report | None:
    message = "missing request for cpu in container server of Pod iris-5d-x7k"
    rows = [
        {"type": kind, "status": status, "reason": f"Reason{status}", "message": message}
        for kind, status in conditions.items()
    ]
    return horizontal_pod_autoscaler.report({"metadata": {}, "status": {"conditions": rows}})


def test_the_operator_reports_an_autoscaler_that_cannot_scale_without_the_name_of_a_pod() -> None:
    blind = report.Report(
        False,
        "ScalingInactive",
        "HorizontalPodAutoscaler: ReasonFalse: missing request for cpu in container server",
    )

    assert reported(AbleToScale="True", ScalingActive="False") == blind
    assert reported(AbleToScale="False") == blind
    works = reported(AbleToScale="True", ScalingActive="True")
    assert works is not None
    assert works.works


AUTOSCALER = kinds.HORIZONTAL_POD_AUTOSCALER


async def test_an_autoscaler_that_no_controller_has_looked_at_is_reported_after_the_deadline() -> None:
    cluster, moments = FakeCluster(), [NOW]
    known = passes.context(
        cluster, now=lambda: moments[-1], autoscaling={"maxReplicas": 5}, progressDeadlineSeconds=60
    )
    await reconcile(known, KEY)
    live = passes.live(cluster, AUTOSCALER)
    live["metadata"]["creationTimestamp"] = NOW.isoformat()
    passes.put(known, cluster, AUTOSCALER, live)

    found: list[tuple[Any, ...]] = []
    for seconds in (1, 59, 61):
        moments.append(NOW + timedelta(seconds=seconds))
        await reconcile(known, KEY)
        row = passes.conditions(cluster).get("AutoscalingReady", {})
        found.append((row.get("status"), row.get("reason"), row.get("message")))
    row = {"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound", "message": ""}
    passes.put(known, cluster, AUTOSCALER, {**live, "status": {"conditions": [row]}})
    await reconcile(known, KEY)

    assert found[:2] == [(None, None, None)] * 2
    assert found[2] == (
        "Unknown",
        "ScalingNotReported",
        "HorizontalPodAutoscaler: found no report of a controller within spec.progressDeadlineSeconds, "  # noqa: ISC004
        "expected its condition ScalingActive; check that kube-controller-manager runs its autoscaler",
    )
    assert passes.conditions(cluster)["AutoscalingReady"]["status"] == "True"
