"""Every alert has a runbook with the same four parts, and every runbook an alert."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from iris_operator.model.objectives import Objectives
from iris_operator.monitoring import alerts

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = ROOT / "docs" / "runbooks"
OPERATOR: Final = yaml.safe_load((ROOT / "charts/iris-operator/alerts/operator.yaml").read_text("utf-8"))
RULES: Final[list[dict[str, Any]]] = [
    rule
    for group in (*alerts.groups("iris", "iris", Objectives(999, 250)), *OPERATOR["groups"])
    for rule in group["rules"]
]
NAMES: Final = sorted({rule["alert"] for rule in RULES})


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    pages = {page.stem for page in PAGES.glob("*.md")} - {"README"}

    assert pages == set(NAMES)


def test_every_alert_links_to_its_runbook() -> None:
    wrong = [
        rule["alert"]
        for rule in RULES
        if rule["annotations"]["runbook_url"] != f"{alerts.RUNBOOKS}/{rule['alert']}.md"
    ]

    assert wrong == []
    assert alerts.RUNBOOKS.endswith(str(PAGES.relative_to(ROOT)))


@pytest.mark.parametrize("name", NAMES)
def test_every_runbook_has_meaning_impact_diagnosis_and_cure(name: str) -> None:
    text = (PAGES / f"{name}.md").read_text("utf-8")

    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Meaning", "Impact", "Diagnosis", "Cure"]
    assert re.search(r"^```\n(kubectl|curl)", text, re.MULTILINE)
    assert f"[{name}]({name}.md)" in (PAGES / "README.md").read_text("utf-8")
