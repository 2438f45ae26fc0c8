"""How long Flux waits for what it has applied: the timeout of the Kustomization that a label names."""

import re
from collections.abc import Mapping
from typing import Any, Final

from iris_cli.errors import Refused
from iris_cli.kubectl import Kubectl

_API: Final = "/apis/kustomize.toolkit.fluxcd.io/v1"
_LABEL: Final = "kustomize.toolkit.fluxcd.io"
_DURATION: Final = re.compile(r"(?:(?P<h>[0-9.]+)h)?(?:(?P<m>[0-9.]+)m)?(?:(?P<s>[0-9.]+)s)?")


def waits_seconds(kubectl: Kubectl, body: Mapping[str, Any]) -> int | None:
    """None: not applied by Flux, or this user may not read the Kustomization."""
    labels = body["metadata"].get("labels") or {}
    name, namespace = labels.get(f"{_LABEL}/name"), labels.get(f"{_LABEL}/namespace")
    if not name or not namespace:
        return None
    try:
        found = kubectl.read(f"{_API}/namespaces/{namespace}/kustomizations/{name}")
    except Refused:
        return None
    # Flux waits for an interval where no timeout is declared.
    return seconds(found["spec"].get("timeout") or found["spec"]["interval"])


def seconds(duration: str) -> int | None:
    """A duration as Go writes it, such as 1h30m; None for any other text."""
    found = _DURATION.fullmatch(duration)
    if not duration or found is None:
        return None
    parts = {unit: float(found[unit] or 0) for unit in "hms"}
    return int(parts["h"] * 3600 + parts["m"] * 60 + parts["s"])
