"""What Git declares for each cluster: its Flux objects, and what each of their steps would apply."""

from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from iris_programs import kubectl

ROOT: Final = Path(__file__).resolve().parents[2]
CLUSTERS: Final = ROOT / "clusters"
# Every folder that a Flux may follow; `base` is what they share.
NAMES: Final = sorted({file.parent.name for file in CLUSTERS.glob("*/kustomization.yaml")} - {"base"})
_STEP: Final = "kustomize.toolkit.fluxcd.io/v1"

Manifest = dict[str, Any]


@cache
def built(folder: Path) -> tuple[Manifest, ...]:
    """As Flux builds: version.yaml stands beside the folder that uses it."""
    text = kubectl.find().run("kustomize", "--load-restrictor=LoadRestrictionsNone", str(folder))
    return tuple(yaml.safe_load_all(text))


def steps(name: str) -> dict[str, Manifest]:
    """The Flux Kustomizations of a cluster, but for the one that is Flux's own entrance."""
    found = {each["metadata"]["name"]: each for each in built(CLUSTERS / name) if each["apiVersion"] == _STEP}
    found.pop("flux-system", None)
    return found


def content(name: str, step: str) -> tuple[Manifest, ...]:
    """What a step applies."""
    return built(ROOT / steps(name)[step]["spec"]["path"])
