"""The HorizontalPodAutoscaler, and what is reported of it."""

from iris_operator.children import (
    horizontal_pod_autoscaler,
    report,
)

from tests.operator import bodies, manifests


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
    return horizontal_pod_autoscaler.report({"status": {"conditions": rows}})


def test_the_operator_reports_an_autoscaler_that_cannot_scale_without_the_name_of_a_pod() -> None:
    blind = report.Report(
        False,
        "ScalingInactive",
        "HorizontalPodAutoscaler: ReasonFalse: missing request for cpu in container server",
    )

    assert reported(AbleToScale="True", ScalingActive="False") == blind
    assert reported(AbleToScale="False") == blind
    assert reported(AbleToScale="True") is None
    assert horizontal_pod_autoscaler.report({}) is None
    works = reported(AbleToScale="True", ScalingActive="True")
    assert works is not None
    assert works.works
