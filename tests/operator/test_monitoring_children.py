"""What Prometheus Operator and Grafana read: ServiceMonitor, PrometheusRule and the dashboard."""

from iris_operator.children import (
    dashboard_config_map,
    prometheus_rule,
    service_monitor,
)
from iris_operator.model.objectives import Objectives
from iris_operator.monitoring import alerts
from iris_operator.monitoring.dashboards import model as dashboard

from tests.operator import bodies, manifests


def test_the_operator_builds_the_whole_service_monitor() -> None:
    built = service_monitor.build(bodies.model())

    assert built == manifests.whole(
        "monitoring.coreos.com/v1",
        "ServiceMonitor",
        spec={
            "selector": {"matchLabels": manifests.SELECTOR},
            "endpoints": [{"port": "http", "path": "/metrics"}],
        },
    )


def test_the_operator_builds_the_whole_prometheus_rule() -> None:
    model = bodies.model(monitoring={"alerts": {"availabilityPerMille": 990}})

    built = prometheus_rule.build(model)

    assert built == manifests.whole(
        "monitoring.coreos.com/v1",
        "PrometheusRule",
        spec={"groups": list(alerts.groups("iris", "iris", Objectives(990, 250)))},
    )


def test_the_operator_builds_the_whole_dashboard_config_map() -> None:
    built = dashboard_config_map.build(bodies.model())

    assert built == manifests.whole(
        "v1",
        "ConfigMap",
        metadata={
            "name": "iris-dashboard",
            "labels": {**manifests.LABELS, "grafana_dashboard": "1"},
            "annotations": {"grafana_folder": "Iris"},
        },
        data={
            "iris-iris.iris.json": dashboard.build("iris", "iris", Objectives(999, 250)),
        },
    )


def test_the_operator_puts_the_dashboards_of_any_two_models_into_different_files() -> None:
    """Grafana's sidecar writes the keys of all namespaces into one folder."""
    one, other = bodies.model("c", namespace="a-b"), bodies.model("b-c", namespace="a")

    built = [dashboard_config_map.build(model) for model in (one, other)]

    [first, second] = [set(manifest["data"]) for manifest in built if manifest]
    assert first.isdisjoint(second)
