"""What each release's operator wrote (`golden/<release>/<case>.yaml`), and what differs since, announced.

The ConfigMap with the dashboard is left out: its content is for people, and nothing restarts from it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

GOLDEN: Final = Path(__file__).parent / "golden"
# Kinds that an older release did not write, with the line of the CHANGELOG that tells of them.
NEW_KINDS: Final[Mapping[str, str]] = {
    "ServiceMonitor": "made where Prometheus Operator is installed",
    "PrometheusRule": "made where Prometheus Operator is installed",
}
# Differences in an object that an older release wrote: kind, where, and why nobody is hurt by it.
CHANGED: Final[Mapping[tuple[str, str], str]] = {
    ("Ingress", "spec.rules"): "metrics and the reload of the model are not public any more",
    (
        "ServiceAccount",
        "metadata.annotations.serving.two.inc/built-from",
    ): "where a rollout goes back to; on an object that no controller acts on",
    ("NetworkPolicy", "spec.ingress"): "where allowFrom narrows it, Prometheus may scrape all the same",
    (
        "HorizontalPodAutoscaler",
        "spec.metrics",
    ): "the CPU use of our container alone, so that a sidecar without a request does not stop the autoscaler",
}


@dataclass(frozen=True, slots=True)
class Golden:
    """One IrisModel's spec, and the children that a release made of it."""

    name: str
    spec: Mapping[str, Any]
    children: tuple[Mapping[str, Any], ...]


def golden() -> list[Golden]:
    """Every case of every release."""
    return [
        Golden(f"{path.parent.name}/{path.stem}", content["spec"], tuple(content["children"]))
        for path in sorted(GOLDEN.glob("*/*.yaml"))
        for content in [yaml.safe_load(path.read_text("utf-8"))]
    ]


def differences(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """Paths at which two manifests differ; a list is one value."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            yield from differences(before.get(name), after.get(name), f"{where}.{name}".removeprefix("."))
    elif before != after:
        yield where
