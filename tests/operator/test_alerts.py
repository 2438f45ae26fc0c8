"""Alerts fire when they should and are silent when they should, by Prometheus' own evaluation."""

import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from iris_local_cluster.programs import binaries
from iris_local_cluster.progress import Progress
from iris_operator.model.objectives import Objectives
from iris_operator.monitoring import alerts

from tests.operator.alert_cases import OF_A_MODEL, OF_THE_OPERATOR, Case

OPERATOR: Final = Path(__file__).parents[2] / "charts" / "iris-operator" / "alerts" / "operator.yaml"
MODEL: Final = list(alerts.groups("iris", "iris", Objectives(999, 250)))
GROUPS: Final[list[dict[str, Any]]] = [*MODEL, *yaml.safe_load(OPERATOR.read_text("utf-8"))["groups"]]
CASES: Final = (*OF_A_MODEL, *OF_THE_OPERATOR)


def promtool(*arguments: str) -> str:
    """Built from the pinned module the first time; what it says against, or nothing."""
    program = binaries.ensure(["promtool"], Progress())["promtool"]
    answer = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    return answer.stdout + answer.stderr if answer.returncode else ""


def rule_file(folder: Path, groups: list[dict[str, Any]]) -> str:
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": groups}))
    return str(file)


def asked(case: Case) -> dict[str, Any]:
    """One case in promtool's words."""
    firing = f'count(ALERTS{{alertname="{case.alert}",alertstate="firing"}}) or vector(0)'
    sample = {"labels": "{}", "value": case.firing}
    return {
        "name": case.scenario,
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "promql_expr_test": [{"expr": firing, "eval_time": f"{case.at}m", "exp_samples": [sample]}],
    }


@pytest.mark.cluster
@pytest.mark.parametrize("alert", sorted({case.alert for case in CASES}))
def test_an_alert_fires_for_its_cause_and_for_nothing_else(alert: str, tmp_path: Path) -> None:
    rules = [rule for group in GROUPS for rule in group["rules"] if rule["alert"] == alert]
    written = {
        "rule_files": [rule_file(tmp_path, [{"name": alert, "rules": rules}])],
        "evaluation_interval": "1m",
        "tests": [asked(case) for case in CASES if case.alert == alert],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump(written))

    assert promtool("test", "rules", str(file)) == ""


@pytest.mark.cluster
def test_the_rules_are_a_file_that_prometheus_accepts(tmp_path: Path) -> None:
    assert promtool("check", "rules", "--lint=all", "--lint-fatal", rule_file(tmp_path, GROUPS)) == ""


def test_every_alert_has_a_case_of_each_kind() -> None:
    names = {rule["alert"] for group in GROUPS for rule in group["rules"]}

    assert {case.alert for case in CASES if case.firing} == names
    assert {case.alert for case in CASES if not case.firing} == names


def test_every_alert_of_a_model_names_it() -> None:
    for rule in MODEL[0]["rules"]:
        assert rule["labels"].items() >= {"namespace": "iris", "model": "iris"}.items()


def test_an_alert_uses_the_declared_objectives() -> None:
    loose, strict = (
        str(alerts.groups("iris", "iris", objectives))
        for objectives in (Objectives(950, 1000), Objectives(999, 5))
    )

    assert "> 0.72 " in loose
    assert 'le="1.0"' in loose
    assert "> 0.0144 " in strict
    assert 'le="0.005"' in strict
