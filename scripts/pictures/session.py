"""What the recording types, what the pictures show, and from what both follow. Pure."""

import json
import tomllib
from pathlib import Path
from typing import Any, Final

from iris_operator.model.objectives import Objectives
from iris_operator.monitoring.dashboards import fleet, model, operator

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "docs" / "pictures"
CRDS: Final = tuple((ROOT / "crds").glob("*.serving.two.inc.yaml"))
FIRST: Final = "1.0.0"
ABSENT: Final = "9.9.9"
GET: Final = "iris get -A"
FILE: Final = "garden.yaml"
EDIT: Final = f"sed -i 's/{FIRST}/{ABSENT}/' {FILE}"
BREAK: Final = f"git commit -qam 'Serve {ABSENT}' && git push -q"
WHY: Final = "iris why iris -n garden"
MEND: Final = "git revert --no-edit HEAD && git push -q"
COMMANDS: Final = (GET, EDIT, BREAK, WHY, MEND, GET)
SCREENS: Final = (
    "page", "console-fleet", "console-model", "console-rollout", "console-steps", "console-charts",
)  # fmt: skip


def declaration(namespace: str, version: str) -> dict[str, Any]:
    # Prometheus Operator is not there.
    monitoring = {"scrape": {"enabled": False}, "alerts": {"enabled": False}}
    return {
        "apiVersion": "serving.two.inc/v1alpha1",
        "kind": "IrisModel",
        "metadata": {"name": "iris", "namespace": namespace},
        # Each model has one server behind it, whose metrics are scraped.
        "spec": {
            "version": version,
            "replicas": 1,
            "server": {"pickle": "Deny"},
            "monitoring": monitoring,
        },
    }


def made() -> dict[str, Any]:
    """What the pictures follow from; when this changes they are out of date."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    texts = (fleet.build(), operator.build(), model.build("iris", "iris", Objectives(999, 250)))
    return {
        "version": project["version"],
        "commands": list(COMMANDS),
        "screens": list(SCREENS),
        "panels": [panel["title"] for text in texts for panel in json.loads(text)["panels"]],
    }
