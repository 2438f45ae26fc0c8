"""Dashboards and alert rules of the operator: every file of the chart arrives as it stands there."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.charts.conftest import ROOT

if TYPE_CHECKING:
    from tests.charts.conftest import Render

pytestmark = pytest.mark.cluster

# Braces are Grafana's and Prometheus's own here; Helm must not read them.
_DASHBOARD = {"title": "Fleet", "panels": [{"targets": [{"legendFormat": "{{model}}"}]}]}
_ALERTS = {
    "groups": [
        {
            "name": "fleet",
            "rules": [{"alert": "Idle", "expr": "up == 0", "annotations": {"m": "{{ $value }}"}}],
        }
    ]
}
_ON = "dashboards.enabled=true,alerts.enabled=true"


@pytest.fixture
def charts(tmp_path: Path) -> Path:
    """Copies of the charts with a dashboard and a file of alerts that are known."""
    shutil.copytree(ROOT / "charts", tmp_path / "charts")
    for folder, name, text in (
        ("dashboards", "sample.json", json.dumps(_DASHBOARD, indent=2) + "\n"),
        ("alerts", "sample.yaml", yaml.safe_dump(_ALERTS)),
    ):
        (tmp_path / "charts/iris-operator" / folder).mkdir(exist_ok=True)
        (tmp_path / "charts/iris-operator" / folder / name).write_text(text)
    return tmp_path / "charts"


def _of_kind(manifests: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in manifests if each["kind"] == kind}


def test_monitoring_objects_are_absent_by_default(render: "Render", charts: Path) -> None:
    kinds = {manifest["kind"] for manifest in render("iris-operator", charts=charts)}

    assert not kinds & {"ConfigMap", "PrometheusRule"}


def test_a_dashboard_arrives_where_grafanas_sidecar_looks(render: "Render", charts: Path) -> None:
    config_map = _of_kind(render("iris-operator", charts=charts, values=_ON), "ConfigMap")[
        "iris-operator-dashboard-sample"
    ]

    assert config_map["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert config_map["metadata"]["annotations"] == {"grafana_folder": "Iris"}
    assert json.loads(config_map["data"]["iris-operator-sample.json"]) == _DASHBOARD


def test_a_file_of_alerts_arrives_as_a_prometheus_rule(render: "Render", charts: Path) -> None:
    manifests = render("iris-operator", charts=charts, values=f"{_ON},alerts.labels.release=stack")
    rule = _of_kind(manifests, "PrometheusRule")["iris-operator-sample"]

    assert rule["metadata"]["labels"]["release"] == "stack"
    assert rule["spec"] == _ALERTS


def test_every_file_of_the_chart_arrives(render: "Render") -> None:
    chart = ROOT / "charts/iris-operator"

    manifests = render("iris-operator", values=_ON)

    assert set(_of_kind(manifests, "ConfigMap")) == {
        f"iris-operator-dashboard-{file.stem}" for file in chart.glob("dashboards/*")
    }
    assert set(_of_kind(manifests, "PrometheusRule")) == {
        f"iris-operator-{file.stem}" for file in chart.glob("alerts/*")
    }
