"""Charts rendered by the real Helm, as lists of objects."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from iris_local_cluster.programs import binaries
from iris_local_cluster.progress import Progress

Render = Callable[..., list[dict[str, Any]]]

ROOT = Path(__file__).resolve().parents[2]
NAMESPACES = {"iris-operator": "iris-system", "iris-model": "iris"}


class HelmError(Exception):
    """What Helm said."""


@pytest.fixture(scope="session")
def helm() -> Path:
    """Built from the pinned module the first time."""
    return binaries.ensure(["helm"], Progress())["helm"]


@pytest.fixture(scope="session")
def render(helm: Path) -> Render:
    """`helm template` of a chart with value files and settings."""

    def rendered(
        chart: str, *, files: tuple[Path, ...] = (), values: str = "", charts: Path = ROOT / "charts"
    ) -> list[dict[str, Any]]:
        release = "iris" if chart == "iris-model" else chart
        command = [str(helm), "template", release, str(charts / chart)]
        command.append(f"--namespace={NAMESPACES[chart]}")
        command += [f"--values={file}" for file in files] + ([f"--set={values}"] if values else [])
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            raise HelmError(answer.stderr)
        return [document for document in yaml.safe_load_all(answer.stdout) if document]

    return rendered
